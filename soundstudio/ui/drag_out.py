"""Dragging finished files out of the window: copies only, and only files that are final."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QRectF, Qt, QUrl
from PySide6.QtGui import QColor, QDrag, QPainter, QPixmap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from soundstudio.ui.theme import Colours


def mime_of(paths: Sequence[Path]) -> QMimeData:
    """What a DAW, a file manager or the clipboard takes: text/uri-list."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path.absolute())) for path in paths])
    return data


def drag_files(source: QWidget, paths: Sequence[Path], colours: Colours) -> bool:
    """Drag closed, final files until they are dropped; whether something took them.

    Blocks in Qt's own event loop, as every drag does.
    """
    drag = QDrag(source)
    drag.setMimeData(mime_of(paths))
    ratio = source.devicePixelRatioF()
    drag.setPixmap(_label(paths, colours, ratio, source))
    drag.setHotSpot(QPoint(-12, 8))
    # A file manager that is offered a move would move the exported file away from the DAW.
    action = drag.exec(Qt.DropAction.CopyAction, Qt.DropAction.CopyAction)
    return action == Qt.DropAction.CopyAction


def _label(paths: Sequence[Path], colours: Colours, ratio: float, source: QWidget) -> QPixmap:
    """The name, or how many, on a small plate."""
    text = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    metrics = source.fontMetrics()
    text = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, 260)
    width, height = metrics.horizontalAdvance(text) + 20, metrics.height() + 10
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent))
        box = QRectF(0, 0, width, height)
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(source.font())
        painter.setPen(QColor(colours.accent_text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return pixmap

"""The icons: one-colour SVG files from resources/, tinted by the theme and sharp at any scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import ReferenceType, ref

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from soundstudio.core.paths import resource

if TYPE_CHECKING:
    from soundstudio.ui.theme import Colours, Theme

# The sizes the window shows at 100 % and 200 %; QIcon scales the next larger one for others.
SIZES_PX = (18, 24, 36, 48)
DISABLED_OPACITY = 0.6


class HasIcon(Protocol):
    """An action or a button."""

    def setIcon(self, icon: QIcon) -> None: ...


def tinted_pixmap(icon: QSvgRenderer, colour: QColor, size_px: int) -> QPixmap:
    """An icon as a transparent square of `size_px` device pixels in one colour."""
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        icon.render(painter, QRectF(0, 0, size_px, size_px))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), colour)
    return pixmap


def parsed(name: str) -> QSvgRenderer:
    """An icon of resources/icons, ready to be painted at several sizes."""
    return QSvgRenderer(str(resource("icons", f"{name}.svg")))


def _faded(pixmap: QPixmap) -> QPixmap:
    faded = QPixmap(pixmap.size())
    faded.fill(Qt.GlobalColor.transparent)
    with QPainter(faded) as painter:
        painter.setOpacity(DISABLED_OPACITY)
        painter.drawPixmap(0, 0, pixmap)
    return faded


class Icons(QObject):
    """Gives out icons and re-tints all of them when the theme changes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._dressed: list[tuple[ReferenceType[HasIcon], str, str]] = []
        self._made: dict[tuple[str, str], QIcon] = {}
        theme.changed.connect(self._retint)

    def icon(self, name: str, tint: str = "text") -> QIcon:
        """An icon in the theme's colour `tint` (a field of Colours)."""
        colours = self._theme.colours
        key = (name, tint)
        if key not in self._made:
            icon = QIcon()
            drawing = parsed(name)
            for size in SIZES_PX:
                normal = tinted_pixmap(drawing, QColor(getattr(colours, tint)), size)
                icon.addPixmap(normal, QIcon.Mode.Normal)
                icon.addPixmap(_faded(normal), QIcon.Mode.Disabled)
            self._made[key] = icon
        return self._made[key]

    def dress(self, target: HasIcon, name: str, tint: str = "text") -> None:
        """Set a button's or an action's icon now and whenever the theme changes."""
        self._dressed = [entry for entry in self._dressed if entry[0]() not in (None, target)]
        self._dressed.append((ref(target), name, tint))
        target.setIcon(self.icon(name, tint))

    def _retint(self, _: Colours) -> None:
        self._made.clear()
        for target, name, tint in self._dressed:
            alive = target()
            if alive is not None:
                alive.setIcon(self.icon(name, tint))

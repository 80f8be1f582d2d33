"""How many attention heads the UNet has: weights do not tell, and the Hub's folders are wrong.

diffusers reads `attention_head_dim` as a number of heads. AudioLDM was trained with
channels / 32 heads (channels / 64 in the large model); its folders on the Hub say 8 everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Heads = Literal["trained", "published"]

PUBLISHED_HEADS: Final = 8
CARD_KEY: Final = "heads"
_HEAD_CHANNELS: Final = 32
# By the UNet's base channels, from the original's configurations (num_head_channels).
_HEAD_CHANNELS_OF_BASE: Final = {128: 32, 192: 32, 256: 64}
_PUBLISHED_WIDTHS: Final = (
    (128, 256, 384, 640),
    (192, 384, 576, 960),
    (256, 512, 768, 1280),
)


def heads_as_trained(widths: Sequence[int]) -> list[int]:
    """Heads of each level of a UNet in the original's layout; `widths` are its channels."""
    head_channels = _HEAD_CHANNELS_OF_BASE.get(widths[0], _HEAD_CHANNELS)
    return [max(1, width // head_channels) for width in widths]


def with_chosen_heads(unet: Mapping[str, Any], card: Mapping[str, object]) -> dict[str, Any]:
    """The UNet's configuration with the heads that it was trained with.

    Only AudioLDM's published sizes with the Hub's 8 are touched, and not if the model's card
    says "heads": "published".
    """
    config = dict(unet)
    widths = config.get("block_out_channels")
    if (
        card.get(CARD_KEY) != "published"
        and config.get("attention_head_dim") == PUBLISHED_HEADS
        and isinstance(widths, list | tuple)
        and tuple(widths) in _PUBLISHED_WIDTHS
    ):
        config["attention_head_dim"] = heads_as_trained(widths)
    return config

"""What has to be done to a dataset so that a provider takes it."""

from tintype.dataset.treatment import Treatment
from tintype.providers.limits import ProviderRules


def fixing(
    profile: ProviderRules,
    *,
    fetch: bool | None = None,
    max_side: int | None = None,
    quality: int = 90,
) -> Treatment:
    """The treatment of a fixed copy: what a provider's rules call for, and nothing else.

    Args:
        profile: Whose rules.
        fetch: Whether images on the network are embedded; by default where the provider does not
            fetch them itself.
        max_side: Shrink larger images to this longest side, in pixels.
        quality: Of images that are encoded again, 1…95.
    """
    return Treatment(
        fetch=not profile.url_images if fetch is None else fetch,
        max_side=max_side,
        max_bytes=profile.max_image_bytes,
        quality=quality,
        rgb=bool(profile.modes),
        upright=True,
        still=True,
        formats=profile.formats or None,
        no_place=True,
        chat=True,
    )

"""Profiles ready to use, and one plain sentence for every option."""

from typing import Final

from viewer.rules.recipe import Option, Profile

BASIC: Final = Profile("PS3.15 Basic")
SHIPPED: Final = (
    Profile(
        "Teaching file",
        frozenset((Option.CLEAN_DESCRIPTORS, Option.RETAIN_PATIENT_CHARACTERISTICS)),
    ),
    Profile("External sharing", frozenset((Option.CLEAN_DESCRIPTORS,))),
    Profile(
        "Research with shifted dates",
        frozenset(
            (
                Option.CLEAN_DESCRIPTORS,
                Option.RETAIN_MODIFIED_DATES,
                Option.RETAIN_PATIENT_CHARACTERISTICS,
                Option.RETAIN_SAFE_PRIVATE,
            )
        ),
    ),
    BASIC,
)

OPTION_TEXTS: Final[dict[Option, tuple[str, str]]] = {
    Option.RETAIN_SAFE_PRIVATE: (
        "Retain safe private",
        "Keep vendors' private elements that are known to be harmless; remove all others.",
    ),
    Option.RETAIN_UIDS: (
        "Retain UIDs",
        "Keep the identifiers of studies, series and images. They can lead back to the hospital's archive.",
    ),
    Option.RETAIN_DEVICE_IDENTITY: (
        "Retain device identity",
        "Keep which machine made the image: serial number, station name, calibration.",
    ),
    Option.RETAIN_INSTITUTION_IDENTITY: (
        "Retain institution identity",
        "Keep the name and address of the hospital and the department.",
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: (
        "Retain patient characteristics",
        "Keep age (above 89 as one group), sex, height, weight and the like.",
    ),
    Option.RETAIN_FULL_DATES: (
        "Retain full dates",
        "Keep every date and time as it is. Dates of examinations can identify.",
    ),
    Option.RETAIN_MODIFIED_DATES: (
        "Retain modified dates",
        "Move all dates of a patient by the same secret number of days; intervals stay right.",
    ),
    Option.CLEAN_DESCRIPTORS: (
        "Clean descriptors",
        "Keep descriptions with only words of anatomy and technique in them; everything else goes.",
    ),
    Option.CLEAN_STRUCTURED_CONTENT: (
        "Clean structured content",
        "Keep the tree of reports with names, dates and free text taken out, instead of removing it.",
    ),
    Option.CLEAN_GRAPHICS: (
        "Clean graphics",
        "Keep drawn annotations with their text taken out; overlays only in images that you looked at.",
    ),
}


def shipped_profiles() -> tuple[Profile, ...]:
    """Return the profiles that come with the program, the recommended one first."""
    return SHIPPED


def title_of(option: str) -> str:
    """Return the title of an option by its column in the table, the text itself for anything else."""
    titles = {known.value: title for known, (title, _) in OPTION_TEXTS.items()}
    return titles.get(option, option)


def profile_named(name: str) -> Profile | None:
    """Return a shipped profile by its name or a short form of it (basic, teaching, sharing, research)."""
    wanted = name.strip().lower()
    for profile in SHIPPED:
        if wanted and (profile.name.lower() == wanted or wanted in profile.name.lower().split()):
            return profile
    return None

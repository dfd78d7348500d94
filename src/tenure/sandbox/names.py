"""Where the people of the simulated shop live and what they are called. Addresses use reserved domains only."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """A country, its share of the people, and name lists to draw from."""

    code: str
    share: float
    locale: str
    timezone: str
    offset_hours: float
    calling_code: str
    cities: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


# fmt: off
COUNTRIES = (
    Country(
        "DE", 0.26, "de-DE", "Europe/Berlin", 1, "+49",
        _words("Berlin Hamburg München Köln Leipzig Bremen"),
        _words("Anna Lukas Marie Jonas Lena Paul Sophie Felix Clara Moritz Hannah Tim Julia Jan Katrin Stefan"),
        _words("Schmidt Weber Fischer Wagner Becker Hoffmann Schäfer Koch Richter Klein Wolf Neumann Braun Krüger"),
    ),
    Country(
        "AT", 0.07, "de-AT", "Europe/Vienna", 1, "+43",
        _words("Wien Graz Linz Salzburg"),
        _words("Johanna Maximilian Theresa Florian Magdalena Tobias Eva Matthias Verena Georg"),
        _words("Gruber Huber Bauer Pichler Steiner Moser Mayer Hofer Leitner Berger"),
    ),
    Country(
        "FR", 0.14, "fr-FR", "Europe/Paris", 1, "+33",
        _words("Paris Lyon Nantes Bordeaux Lille"),
        _words("Camille Hugo Manon Louis Chloé Arthur Inès Jules Élodie Antoine Margaux Théo"),
        _words("Martin Bernard Dubois Moreau Laurent Lefèvre Roux Girard Fontaine Mercier Blanc"),
    ),
    Country(
        "NL", 0.10, "nl-NL", "Europe/Amsterdam", 1, "+31",
        _words("Amsterdam Utrecht Rotterdam Groningen"),
        _words("Sanne Daan Fleur Bram Lotte Sem Femke Thijs Anouk Ruben"),
        _words("Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks"),
    ),
    Country(
        "IT", 0.08, "it-IT", "Europe/Rome", 1, "+39",
        _words("Milano Torino Bologna Firenze"),
        _words("Giulia Marco Chiara Luca Francesca Matteo Elena Davide Sara Andrea"),
        _words("Rossi Ferrari Bianchi Romano Colombo Ricci Marino Greco Conti Gallo"),
    ),
    Country(
        "GB", 0.15, "en-GB", "Europe/London", 0, "+44",
        _words("London Leeds Bristol Edinburgh Cardiff"),
        _words("Olivia Jack Emily Harry Grace Oliver Charlotte Thomas Alice George Isla Daniel"),
        _words("Taylor Brown Wilson Evans Walker Wright Hughes Green Hall Clarke Turner"),
    ),
    Country(
        "SE", 0.05, "sv-SE", "Europe/Stockholm", 1, "+46",
        _words("Stockholm Göteborg Malmö"),
        _words("Elsa Erik Astrid Oskar Linnea Axel Maja Viktor"),
        _words("Lindberg Nilsson Larsson Bergström Lund Holm Sandberg Nyström"),
    ),
    Country(
        "US", 0.11, "en-US", "America/New_York", -5, "+1",
        _words("New_York Boston Philadelphia Atlanta Miami"),
        _words("Madison Ethan Abigail Mason Ella Logan Harper Aiden Zoe Caleb"),
        _words("Johnson Miller Davis Anderson Thompson Garcia Parker Brooks Reed Bennett"),
    ),
    Country(
        "CA", 0.04, "en-CA", "America/Vancouver", -8, "+1",
        _words("Vancouver Victoria Kelowna"),
        _words("Avery Liam Nora Noah Maya Owen Hazel Leo"),
        _words("Campbell Fraser Nguyen Singh Morrison Grant Kelly Stewart"),
    ),
)
# fmt: on
EMAIL_DOMAINS = ("example.com", "example.net", "example.org")


def fold_to_ascii(name: str) -> str:
    """A name as it appears in an e-mail address."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return plain.replace(" ", "")

"""Which column holds which field: guessed by header names, overridable by `field=column`."""

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenure.base.errors import TenureError
from tenure.events.imports.contents import guess_by_content
from tenure.events.imports.results import FileShape


@dataclass(frozen=True)
class Field:
    """One thing that a file of a kind can say; `headers` are the usual names of its column, best first."""

    name: str
    meaning: str
    headers: str


ORDER_FIELDS = (
    Field(
        "order_id",
        "the order's number; lines with the same number are one order",
        "order id|invoice no|invoice|order number|order no|invoice id|invoice number|order|bestellnummer|bestell nr|bestellung|"
        "auftragsnummer|rechnungsnummer|rechnungs nr|bestell no|bestellnr|auftrags nr|auftragsnr|beleg nr|bon nr|belegnummer|no commande|n commande|ordernummer|factuurnummer|numero facture|facture|commande|numero de commande|pedido|numero de pedido|bestelnummer|ordine|transaction id|name",
    ),
    Field(
        "customer_id",
        "the customer's id, kept exactly as in the file",
        "customer id|customer|user id|client id|customer number|customer no|customer code|cust id|kundennummer|kunden nr|kunden id|kundennr|kd nr|kdnr|kd nummer|kd no|kunden no|kunde|klant|klant id|klantnr|klant nr|code client|no client|n client|"
        "id client|numero client|id cliente|cliente|klantnummer|member id|buyer id|account id|customer user",
    ),
    Field(
        "ordered_at",
        "when it was ordered",
        "ordered at|order date|invoice date|created at|order created at|date|purchase date|transaction date|order time|purchased at|timestamp|datetime|"
        "date created|order date time|bestelldatum|rechnungsdatum|datum|auftragsdatum|date de commande|fecha|fecha de pedido|data|data ordine|"
        "besteldatum|bestelldatum uhrzeit|bestellt am|gekauft am|wann gekauft|kaufdatum|kauf datum|belegdatum|buchungsdatum|tag|besteld op|gekocht op|"
        "aankoopdatum|orderdatum|factuurdatum|date achat|date d achat|date facture|commande le|achete le|processed at|paid at|order purchase timestamp|day",
    ),
    Field(
        "product_id",
        "the product's number",
        "product id|stock code|sku|lineitem sku|item sku|product sku|product code|item id|article number|artikelnummer|artikel nr|item number|"
        "variant id|ean|reference|line item sku|item product id",
    ),
    Field(
        "product_name",
        "the product's name",
        "product name|description|lineitem name|item name|product|item|title|product title|line item name|artikel|artikelbezeichnung|bezeichnung|"
        "artikelname|produkt|produit|producto|prodotto|omschrijving",
    ),
    Field(
        "category",
        "the product's category",
        "category|product category|product type|department|kategorie|warengruppe|categorie|categoria|vendor category|item category",
    ),
    Field(
        "quantity",
        "how many; negative for a return",
        "quantity|lineitem quantity|qty|item quantity|units|quantity ordered|line item quantity|menge|anzahl|stueck|stuck|quantite|cantidad|quantita|aantal|pieces",
    ),
    Field(
        "unit_price",
        "the price of one",
        "unit price|price|lineitem price|item price|item cost|unit cost|price per unit|line item price|einzelpreis|preis|stueckpreis|stuckpreis|"
        "prix unitaire|prix|precio|precio unitario|prezzo|prijs",
    ),
    Field(
        "amount",
        "the amount of the line; without it quantity times unit price",
        "amount|line total|line amount|revenue|sales|total price|total amount|total|value|order value|spend|net amount|item total|betrag|umsatz|"
        "summe|gesamtbetrag|gesamtpreis|montant|importe|importo|bedrag|turnover|gross amount|price total|endsumme|endbetrag|gesamtsumme|rechnungsbetrag|"
        "warenwert|bruttobetrag|bruttosumme|brutto|gross|gross total|montant ttc|total ttc|ttc|totaalbedrag|eindbedrag|totaal|omzet|bruto|prix total|"
        "nettobetrag|nettosumme|netto|net|net total|net sales|montant ht|total ht",
    ),
    Field(
        "order_total",
        "the amount of the whole order, given on one or on each of its lines",
        "order total|order amount|order total amount|order subtotal|grand total|total paid|bestellsumme|auftragssumme|total de la commande",
    ),
    Field(
        "currency",
        "the currency, such as EUR",
        "currency|currency code|order currency|waehrung|wahrung|waehrungscode|devise|monnaie|moneda|valuta|munteenheid",
    ),
    Field(
        "email",
        "the customer's e-mail address",
        "email|e mail|customer email|email address|billing email|email billing|e mail adresse|mail|mailadresse|mail adresse|emailadresse|kunden email|"
        "kundenmail|e mailadres|mailadres|adresse mail|adresse email|adresse e mail|correo|courriel|contact email",
    ),
    Field(
        "country",
        "the customer's country",
        "country|customer country|billing country|shipping country|country code|country billing|country code billing|land|pays|pais|paese",
    ),
)

CUSTOMER_FIELDS = (
    Field(
        "customer_id",
        "the customer's id; without it the e-mail address is the id",
        "customer id|id|user id|external id|client id|customer number|customer no|kundennummer|kunden nr|kundennr|kd nr|kdnr|klant nr|klant id|code client|kunden id|contact id|member id|customer|subscriber id|klantnummer|id client|id cliente|client|kunde|buyer|buyer id|shopper",
    ),
    Field(
        "email",
        "e-mail address",
        "email|e mail|email address|e mail adresse|mail|mailadresse|mail adresse|emailadresse|e mailadres|mailadres|adresse mail|adresse email|"
        "adresse e mail|customer email|correo|courriel|correo electronico",
    ),
    Field(
        "phone",
        "telephone number",
        "phone|phone number|mobile|telephone|mobile phone|telefon|telefonnummer|handy|tel|telefono|default address phone",
    ),
    Field(
        "first_name",
        "first name",
        "first name|firstname|given name|vorname|prenom|nombre|nome|voornaam|forename",
    ),
    Field(
        "last_name",
        "last name",
        "last name|lastname|surname|family name|nachname|nom|nom de famille|apellido|apellidos|cognome|achternaam",
    ),
    Field("name", "full name", "name|full name|customer name|contact name|kunde|kundenname|display name"),
    Field(
        "country",
        "country",
        "country|country code|land|pays|pais|paese|default address country code|billing country",
    ),
    Field("city", "city", "city|town|ort|stadt|ville|ciudad|citta|plaats|default address city|billing city"),
    Field(
        "birthday",
        "date of birth",
        "birthday|birth date|birthdate|date of birth|dob|geburtstag|geburtsdatum|date de naissance|fecha de nacimiento",
    ),
    Field("gender", "gender", "gender|sex|geschlecht|sexe|genero|sesso"),
    Field(
        "created_at",
        "when the customer became known",
        "created at|created|signup date|sign up date|registered at|registration date|created on|date created|joined at|join date|member since|kunde seit|"
        "erstellt am|registriert am|date joined|optin time|subscribed at",
    ),
    Field("timezone", "time zone, such as Europe/Berlin", "timezone|time zone|zeitzone|tz"),
    Field("locale", "language, such as de-DE", "locale|language|sprache|langue|idioma|lingua|lang"),
    Field(
        "consent_source",
        "where the consent to be written to comes from",
        "consent source|opt in source|optin source|signup source|einwilligung quelle|consent|source of consent",
    ),
    Field(
        "accepts_email",
        "no, false or 0: this person is recorded as unsubscribed",
        "accepts email|accepts marketing|accepts email marketing|email opt in|email optin|newsletter|marketing consent|email consent|subscribed|werbeeinwilligung",
    ),
)

EVENT_FIELDS = (
    Field(
        "customer_id",
        "the customer's id",
        "customer id|user id|userid|external id|client id|kundennummer|kunden id|customer|distinct id|user|client|kunde",
    ),
    Field(
        "anonymous_id",
        "the visitor's id before sign-in",
        "anonymous id|visitor id|device id|session id|cookie id|client cookie",
    ),
    Field(
        "event", "what happened", "event|event name|event type|action|activity|ereignis|name|type|event title"
    ),
    Field(
        "timestamp",
        "when it happened",
        "timestamp|occurred at|event time|event timestamp|time|date|created at|datetime|event date|original timestamp|zeitpunkt|datum|happened at|ts",
    ),
    Field("message_id", "the event's own id", "message id|event id|uuid|insert id|messageid|id"),
    Field(
        "properties",
        "a JSON object with the event's properties",
        "properties|event properties|props|payload|attributes|data|json",
    ),
)

FIELDS = {"customers": CUSTOMER_FIELDS, "orders": ORDER_FIELDS, "events": EVENT_FIELDS}
"""What can be imported, and what a file of each kind can say."""

_QUALIFIER = re.compile(
    r"\b(brutto|netto|gross|net|bruto|incl|inkl|excl|exkl|vat|tax|mwst|ust|btw|tva|ttc|ht|eur|euro|usd|gbp|chf|in|utc)\b"
)
_BARE_RANK = 1000
_SHOP_EXPORT = re.compile(r"^(line ?item|item) ")


def get_fields(kind: str) -> tuple[Field, ...]:
    """The fields of a kind; an error names the kinds there are."""
    if kind not in FIELDS:
        raise TenureError("unknown_kind", f"Import one of {', '.join(FIELDS)}, not {kind!r}.", "kind")
    return FIELDS[kind]


def normalise_header(header: str) -> str:
    """Lower case words: `InvoiceNo` and `invoice_no` are both "invoice no"."""
    text = header.replace("ß", "ss").replace("ü", "ue").replace("ö", "oe").replace("ä", "ae")
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def is_known_header(header: str) -> bool:
    return _squeeze(header) in _KNOWN


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """`["amount=5", "country="]` as a mapping; an empty column takes a field out."""
    mapping = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign or not field.strip():
            raise TenureError("bad_mapping", f"Write --map field=column, not {pair!r}.", "map")
        mapping[field.strip()] = column.strip()
    return mapping


def guess_mapping(kind: str, shape: FileShape) -> dict[str, str]:
    """Fields to column names by what the header says, and by the first rows where it does not."""
    fields = get_fields(kind)
    mapping = guess_by_content(kind, shape, _guess_by_names(kind, shape) if shape.has_header else {})
    return {field.name: mapping[field.name] for field in fields if field.name in mapping}


def _guess_by_names(kind: str, shape: FileShape) -> dict[str, str]:
    fields = get_fields(kind)
    headers = {column: normalise_header(column) for column in shape.columns}
    squeezed = {column: _squeeze(column) for column in shape.columns}
    bare = {column: _QUALIFIER.sub("", text).replace(" ", "") for column, text in headers.items()}
    candidates = []
    for order, field in enumerate(fields):
        for rank, name in enumerate(field.headers.split("|")):
            wanted = name.replace(" ", "")
            candidates += [
                (rank if squeezed[column] == wanted else rank + _BARE_RANK, order, field.name, column)
                for column in shape.columns
                if wanted in (squeezed[column], bare[column])
            ]
    mapping: dict[str, str] = {}
    for _, _, name, column in sorted(candidates, key=lambda one: one[:2]):
        if name not in mapping and column not in mapping.values():
            mapping[name] = column
    if kind == "orders":
        _settle_shop_export(mapping, headers)
    return mapping


def resolve_mapping(
    kind: str, shape: FileShape, overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The guess with `overrides` on top: fields to column names. A column is a name or a position from 1."""
    names = [field.name for field in get_fields(kind)]
    mapping = guess_mapping(kind, shape)
    for field, column in (overrides or {}).items():
        if field not in names:
            near = difflib.get_close_matches(field, names, 3, 0.4) or names
            raise TenureError(
                "unknown_field",
                f"{kind.capitalize()} have no field {field!r}. Did you mean {_either(near)}?",
                "map",
            )
        if not column:
            mapping.pop(field, None)
            continue
        found = find_column(shape, column)
        given = {other for other, value in (overrides or {}).items() if value}
        mapping = {other: value for other, value in mapping.items() if value != found or other in given}
        mapping[field] = found
    return mapping


def find_column(shape: FileShape, column: str) -> str:
    """The name of the column that `column` (a name, however written, or a position from 1) means."""
    if column in shape.columns:
        return column
    if column.isdigit() and 1 <= int(column) <= len(shape.columns):
        return shape.columns[int(column) - 1]
    wanted = _squeeze(column)
    same = [name for name in shape.columns if _squeeze(name) == wanted]
    if len(same) == 1 and wanted:
        return same[0]
    if column.isdigit():
        message = f"There is no column {column}: the file has {len(shape.columns)} columns."
    else:
        folded = {_squeeze(name): name for name in shape.columns}
        near = [folded[name] for name in difflib.get_close_matches(wanted, list(folded), 3, 0.4)]
        hint = (
            f"Did you mean {_either(near)}?" if near else f"The columns are {', '.join(shape.columns[:30])}."
        )
        message = f"There is no column {column!r}. {hint}"
    raise TenureError("unknown_column", message, "map")


def _settle_shop_export(mapping: dict[str, str], headers: dict[str, str]) -> None:
    """In exports with line items a bare "Total" is the order's, and "Name" the order's number."""
    known = set(headers.values())
    if any(_SHOP_EXPORT.match(name) for name in known):
        if "amount" in mapping and headers[mapping["amount"]] in ("total", "total amount", "value"):
            mapping.setdefault("order_total", mapping["amount"])
            del mapping["amount"]
    elif headers.get(mapping.get("order_id", "")) == "name":
        del mapping["order_id"]


def _either(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)


def _squeeze(header: str) -> str:
    return normalise_header(header).replace(" ", "")


_KNOWN = {
    name.replace(" ", "")
    for fields in FIELDS.values()
    for field in fields
    for name in field.headers.split("|")
}

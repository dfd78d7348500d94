"""The inputs that rules' forms are made of: each reads what was typed, tidies it, and draws itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tenure.segments.builder.forms import Control, FormData, Line, ShownField, choose, make_id
from tenure.segments.builder.offers import Offers
from tenure.segments.rules import BY_NAME
from tenure.segments.rules.comparing import BY_HER_DAY, OPERATORS, WITHOUT_VALUE
from tenure.segments.rules.form import Input

BOUNDS = (
    ("at_least", "at least"), ("at_most", "at most"), ("exactly", "exactly"), ("more_than", "more than"),
    ("less_than", "less than"), ("between", "between"),
)  # fmt: skip
SPANS = (
    ("ever", "ever"),
    ("days", "in the last days"),
    ("hours", "in the last hours"),
    ("dates", "between two days"),
)
TYPES = (("text", "text"), ("number", "number"), ("boolean", "yes or no"), ("date", "date"), ("list", "list"))
SEVERAL = ("one_of", "not_one_of")


class Widget(ABC):
    """`name` is the prefix of the form's names, `piece` the rule's data under the field's key."""

    @abstractmethod
    def read(self, one: Input, form: FormData, name: str) -> Any: ...

    @abstractmethod
    def clean(self, one: Input, piece: Any) -> Any:
        """The piece as the rule takes it; None where it was left empty."""

    @abstractmethod
    def find_missing(self, one: Input, piece: Any) -> str:
        """What is yet to be filled in, as a sentence."""

    @abstractmethod
    def show(
        self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]
    ) -> ShownField: ...


class Text(Widget):
    type, mode, is_short = "text", "", False

    def read(self, one: Input, form: FormData, name: str) -> Any:
        return form.get(name)

    def clean(self, one: Input, piece: Any) -> Any:
        return piece if piece not in ("", None) else None

    def find_missing(self, one: Input, piece: Any) -> str:
        return f"Fill in: {one.label.lower()}." if one.is_required and piece in ("", None) else ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        list_id, lists = _offer_names(one, name, offers, data)
        control = Control(
            "input", name, one.label, _text(piece), type=self.type, mode=self.mode, list_id=list_id,
            shapes=one.shapes, unit=one.unit, is_short=self.is_short,
        )  # fmt: skip
        return ShownField(one.label, (Line((control,)),), one.hint, lists=lists)


class Number(Text):
    mode, is_short = "numeric", True


class Select(Text):
    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        options = one.options or offers.list_options(one.suggest)
        if one.is_required and not piece:
            options = (("", "choose"), *options)
        control = Control("select", name, one.label, options=choose(options, _text(piece)), shapes=one.shapes)
        return ShownField(one.label, (Line((control,)),), one.hint)


class Stages(Widget):
    """Some of the stages of the model that the rule names."""

    def read(self, one: Input, form: FormData, name: str) -> Any:
        return form.get_lines(name)

    def clean(self, one: Input, piece: Any) -> Any:
        return list(piece) if piece else None

    def find_missing(self, one: Input, piece: Any) -> str:
        return "Choose at least one stage." if one.is_required and not piece else ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        chosen = tuple(piece or ())
        known = offers.list_stages(str(data.get("model", "lifecycle")))
        options = tuple((stage, stage, stage in chosen) for stage in known)
        options += tuple((stage, f"{stage} (not there)", True) for stage in chosen if stage not in known)
        return ShownField(
            one.label, (Line((Control("checks", name, one.label, options=options),)),), one.hint
        )


class Compared(Widget):
    """`type`, `operator` and `value` of a comparison; the type stands fast where the field lists operators of its own."""

    def read(self, one: Input, form: FormData, name: str) -> Any:
        piece: dict[str, Any] = {"operator": form.get(f"{name}.operator")}
        if not one.options:
            piece["type"] = form.get(f"{name}.type", "text")
        if form.has(f"{name}.to"):
            piece["value"] = [form.get(f"{name}.value"), form.get(f"{name}.to")]
        elif form.has(f"{name}.several"):
            piece["value"] = form.get_lines(f"{name}.value")
        else:
            piece["value"] = form.get(f"{name}.value")
        return piece

    def clean(self, one: Input, piece: Any) -> Any:
        cleaned = {} if one.options or piece["type"] == "text" else {"type": piece["type"]}
        cleaned["operator"] = piece["operator"]
        if piece["operator"] not in WITHOUT_VALUE:
            cleaned["value"] = piece["value"]
        return cleaned

    def find_missing(self, one: Input, piece: Any) -> str:
        if piece["operator"] in WITHOUT_VALUE:
            return ""
        value = piece["value"]
        is_missing = (not value or not all(value)) if isinstance(value, list | tuple) else value in ("", None)
        return "Fill in the value." if is_missing else ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        lists: dict[str, tuple[str, ...]] = {}
        controls = self.draw(one, piece, name, offers.list_values(one.suggest, data), lists)
        return ShownField("Which" if one.options else "Compared as", (Line(controls),), one.hint, lists=lists)

    def draw(
        self, one: Input, piece: Mapping[str, Any], name: str, seen: tuple[str, ...], lists: dict[str, tuple[str, ...]],
        types: tuple[tuple[str, str], ...] = TYPES, is_of_customer: bool = True,
    ) -> tuple[Control, ...]:  # fmt: skip
        """The controls of a comparison; what `lists` names is offered while typing."""
        kind = str(piece.get("type", "text"))
        controls = []
        if not one.options and len(types) > 1:
            controls.append(
                Control("select", f"{name}.type", "Type", options=choose(types, kind), shapes=True)
            )
        operators = one.options or _list_operators(kind, is_of_customer)
        operator = str(piece["operator"])
        controls.append(
            Control("select", f"{name}.operator", "How", options=choose(operators, operator), shapes=True)
        )
        return (*controls, *_draw_value(kind, operator, piece.get("value"), name, seen, lists))


class Filters(Widget):
    """Conditions on properties, one a line."""

    def __init__(self) -> None:
        self._compared = Compared()

    def read(self, one: Input, form: FormData, name: str) -> Any:
        filters, number = [], 0
        while form.has(f"{name}.{number}.property") and number < 20:
            line = f"{name}.{number}"
            piece = {"property": form.get(f"{line}.property"), **self._compared.read(_bare(one), form, line)}
            fixed = one.types.get(piece["property"])
            filters.append(
                settle_comparison({**piece, **({"type": fixed} if fixed else {})}, is_of_customer=False)
            )
            number += 1
        return filters

    def clean(self, one: Input, piece: Any) -> Any:
        cleaned = [
            {"property": each["property"], **self._compared.clean(_bare(one), each)} for each in piece or ()
        ]
        return cleaned or None

    def find_missing(self, one: Input, piece: Any) -> str:
        for each in piece or ():
            if not each.get("property"):
                return "Fill in the property."
            if missing := self._compared.find_missing(_bare(one), each):
                return missing
        return ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        lists: dict[str, tuple[str, ...]] = {}
        event = str(data.get("event", ""))
        list_id = ""
        if not one.options and piece:
            list_id = make_id(f"seen-{name}-properties")
            lists[list_id] = offers.list_properties(event)
        lines = []
        for number, each in enumerate(piece or ()):
            line = f"{name}.{number}"
            shown = str(each.get("property", ""))
            if one.options:
                options = choose((("", "choose"), *one.options), shown)
                first = Control("select", f"{line}.property", "Property", options=options, shapes=True)
            else:
                first = Control("input", f"{line}.property", "Property", shown, list_id=list_id)
            seen = offers.list_property_values(event, shown) if not one.options else ()
            types = TYPES if not one.types else TYPES[:1]
            rest = self._compared.draw(_bare(one), each, line, seen, lists, types, is_of_customer=False)
            lines.append(Line((first, *rest), remove=f"drop:{name}:{number}"))
        label = one.label if lines else ""
        return ShownField(
            label, tuple(lines), one.hint, f"more:{name}", "Add a condition on a property", lists
        )


class Bounded(Widget):
    def read(self, one: Input, form: FormData, name: str) -> Any:
        operator = form.get(f"{name}.op", "at_least")
        if operator == "between":
            return {operator: [form.get(f"{name}.number"), form.get(f"{name}.to")]}
        return {operator if operator in dict(BOUNDS) else "at_least": form.get(f"{name}.number")}

    def clean(self, one: Input, piece: Any) -> Any:
        return dict(piece)

    def find_missing(self, one: Input, piece: Any) -> str:
        (value,) = piece.values()
        is_missing = not all(value) if isinstance(value, list | tuple) else value in ("", None)
        return "Fill in the number." if is_missing else ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        ((operator, value),) = piece.items()
        controls = [Control("select", f"{name}.op", one.label, options=choose(BOUNDS, operator), shapes=True)]
        low, high = (value[0], value[1]) if isinstance(value, list | tuple) else (value, None)
        is_pair = operator == "between"
        unit = "" if is_pair else one.unit
        controls.append(_number(f"{name}.number", f"{one.label}: number", _text(low), unit))
        if is_pair:
            controls.append(_number(f"{name}.to", f"{one.label}: and", _text(high), one.unit))
        return ShownField(one.label, (Line(tuple(controls)),), one.hint)


class Spanned(Widget):
    def read(self, one: Input, form: FormData, name: str) -> Any:
        match form.get(f"{name}.shape"):
            case "days":
                return {"days": form.get(f"{name}.length", "30")}
            case "hours":
                return {"hours": form.get(f"{name}.length", "24")}
            case "dates":
                return {"from": form.get(f"{name}.from"), "to": form.get(f"{name}.to")}
        return {}

    def clean(self, one: Input, piece: Any) -> Any:
        cleaned = {key: value for key, value in (piece or {}).items() if value not in ("", None)}
        return cleaned or None

    def find_missing(self, one: Input, piece: Any) -> str:
        if piece and set(piece) <= {"days", "hours"} and not all(piece.values()):
            return "Fill in how long."
        if piece and set(piece) <= {"from", "to"} and not any(piece.values()):
            return "Fill in a day."
        return ""

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        piece = {key: value for key, value in (piece or {}).items() if value is not None}
        shape = next((key for key in ("days", "hours") if key in piece), "dates" if piece else "ever")
        controls = [Control("select", f"{name}.shape", one.label, options=choose(SPANS, shape), shapes=True)]
        if shape in ("days", "hours"):
            controls.append(_number(f"{name}.length", f"{one.label}: how many", _text(piece[shape]), shape))
        elif shape == "dates":
            controls += [
                Control("input", f"{name}.{key}", f"{one.label}: {key}", _text(piece.get(key)), type="date")
                for key in ("from", "to")
            ]
        return ShownField(one.label, (Line(tuple(controls)),), one.hint)


class Stepped(Widget):
    """An event with conditions of its own."""

    def __init__(self) -> None:
        self._filters = Filters()

    def read(self, one: Input, form: FormData, name: str) -> Any:
        return {"event": form.get(f"{name}.event"), "where": self._filters.read(one, form, f"{name}.where")}

    def clean(self, one: Input, piece: Any) -> Any:
        if not piece or not piece.get("event"):
            return None
        where = self._filters.clean(one, piece.get("where"))
        return {"event": piece["event"], **({"where": where} if where else {})}

    def find_missing(self, one: Input, piece: Any) -> str:
        if not piece or not piece.get("event"):
            return f"Fill in the event: {one.label.lower()}." if one.is_required else ""
        return self._filters.find_missing(one, piece.get("where"))

    def show(self, one: Input, piece: Any, name: str, offers: Offers, data: Mapping[str, Any]) -> ShownField:
        step = piece or {"event": "", "where": []}
        event = Control("input", f"{name}.event", one.label, _text(step.get("event")), list_id="seen-event")
        where = self._filters.show(one, step.get("where"), f"{name}.where", offers, step)
        return ShownField(
            one.label, (Line((event,)), *where.lines), one.hint, where.add, f"{where.add_label}, {one.label.lower()}", where.lists
        )  # fmt: skip


WIDGETS: Mapping[str, Widget] = {
    "text": Text(),
    "number": Number(),
    "select": Select(),
    "comparison": Compared(),
    "filters": Filters(),
    "bound": Bounded(),
    "span": Spanned(),
    "stages": Stages(),
    "step": Stepped(),
}


def read_fields(kind: str, form: FormData, path: str) -> dict[str, Any]:
    """A rule as its fields have it."""
    data: dict[str, Any] = {"kind": kind}
    for one in BY_NAME[kind].form:
        name = f"{path}:{one.name}"
        is_missing = one.widget != "stages" and bool(one.name) and not form.has_any(name)
        if is_missing or not is_shown(one, data):
            data[one.name] = one.default
            continue
        piece = WIDGETS[one.widget].read(one, form, name)
        data |= {one.name: piece} if one.name else piece
    return settle(data)


def make_blank(kind: str, is_bare: bool = False) -> dict[str, Any]:
    """A rule in which nothing was filled in; `is_bare` without what only the form proposes."""
    data: dict[str, Any] = {"kind": kind}
    fields = BY_NAME[kind].model_fields
    for one in BY_NAME[kind].form:
        if not one.name:
            data |= {"operator": "", "value": "", **({} if one.options else {"type": "text"})}
        elif is_bare and one.name in fields and not fields[one.name].is_required() and one.widget == "select":
            default = fields[one.name].default
            data[one.name] = "" if default is None else default
        elif is_bare and one.widget in ("text", "number") and not one.is_required:
            default = fields[one.name].default if one.name in fields else None
            data[one.name] = "" if default is None else default
        else:
            data[one.name] = one.default
    return settle(data)


def settle(data: dict[str, Any]) -> dict[str, Any]:
    """Make what belongs together fit: the type of a known name, an operator of the type, a value of the operator."""
    fields = BY_NAME[str(data["kind"])].form
    for one in fields:
        if one.types and one.widget == "text":
            fixed = one.types.get(str(data.get(one.name)))
            data |= {"type": fixed} if fixed else {}
        if one.widget == "bound" and not data.get(one.name):
            data[one.name] = {"at_least": "1"}
        if one.widget == "comparison":
            data = settle_comparison(data, one.options)
        if one.widget == "filters":
            data[one.name] = _settle_filters(data.get(one.name))
        if one.widget == "step" and data.get(one.name):
            step = data[one.name]
            data[one.name] = {**step, "where": _settle_filters(step.get("where"))}
    return data


def _settle_filters(filters: Any) -> list[dict[str, Any]]:
    return [settle_comparison(dict(one), is_of_customer=False) for one in filters or ()]


def settle_comparison(
    piece: dict[str, Any], options: tuple[tuple[str, str], ...] = (), is_of_customer: bool = True
) -> dict[str, Any]:
    kind = str(piece.get("type", "text")) if not options else "text"
    if kind not in OPERATORS:
        kind = "text"
    known = [value for value, _ in options or _list_operators(kind, is_of_customer)]
    operator = piece.get("operator")
    operator = operator if operator in known else known[0]
    value = piece.get("value")
    listed = list(value) if isinstance(value, list | tuple) else ([] if value in ("", None) else [value])
    if operator == "between":
        value = [*listed, "", ""][:2]
    elif operator in SEVERAL:
        value = [one for one in listed if one != ""]
    else:
        value = listed[0] if listed else ""
    settled = {**piece, "operator": operator, "value": value}
    return settled if options else {**settled, "type": kind}


def is_shown(one: Input, data: Mapping[str, Any]) -> bool:
    return one.when is None or str(data.get(one.when[0])) in one.when[1]


def _list_operators(kind: str, is_of_customer: bool) -> tuple[tuple[str, str], ...]:
    known = OPERATORS.get(kind, OPERATORS["text"])
    return tuple((value, text) for value, text in known.items() if is_of_customer or value not in BY_HER_DAY)


def _draw_value(
    kind: str, operator: str, value: Any, name: str, seen: tuple[str, ...], lists: dict[str, tuple[str, ...]]
) -> list[Control]:
    if operator in WITHOUT_VALUE:
        return []
    if operator in SEVERAL:
        return _draw_several(value, name, seen)
    if operator in BY_HER_DAY:
        return [_number(f"{name}.value", "How many days", _text(value), "days")]
    low, high = (value[0], value[1]) if isinstance(value, list | tuple) else (value, "")
    list_id = ""
    if kind != "date":
        list_id = make_id(f"seen-{name}-values")
        lists[list_id] = seen
    kinds = {"type": "date"} if kind == "date" else {"mode": "decimal"} if kind == "number" else {}
    is_short = kind in ("date", "number")
    controls = [
        Control("input", f"{name}.value", "Value", _text(low), list_id=list_id, is_short=is_short, **kinds)
    ]
    if operator == "between":
        controls.append(Control("input", f"{name}.to", "and", _text(high), is_short=is_short, **kinds))
    return controls


def _draw_several(value: Any, name: str, seen: tuple[str, ...]) -> list[Control]:
    """The most frequent values to tick, and room for others."""
    chosen = [str(one) for one in value or ()]
    ticks = tuple((one, one, one in chosen) for one in seen[:12])
    others = "\n".join(one for one in chosen if one not in seen[:12])
    controls = [Control("checks", f"{name}.value", "Values", options=ticks)] if ticks else []
    label = "Others, one a line" if ticks else "Values, one a line"
    return [
        *controls,
        Control("area", f"{name}.value", label, others),
        Control("hidden", f"{name}.several", "", "1"),
    ]


def _number(name: str, label: str, value: str, unit: str = "") -> Control:
    return Control("input", name, label, value, mode="decimal", unit=unit, is_short=True)


def _offer_names(
    one: Input, name: str, offers: Offers, data: Mapping[str, Any]
) -> tuple[str, dict[str, tuple[str, ...]]]:
    if not one.suggest:
        return "", {}
    if one.suggest == "property":
        list_id = make_id(f"seen-{name}")
        return list_id, {list_id: offers.list_properties(str(data.get("event", "")))}
    return f"seen-{one.suggest.replace(' ', '-')}", {}


def _bare(one: Input) -> Input:
    """The comparison of a line of filters: its operators are those of its type."""
    return Input("", one.label)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    if "." in text and text.replace(".", "", 1).replace("-", "", 1).isdecimal():
        text = text.rstrip("0").rstrip(".")
    return text

"""The form of a campaign, new or still a draft."""

from typing import Any

from django import forms
from django.utils.safestring import SafeString

from tenure.base.errors import TenureError
from tenure.campaigns import queries
from tenure.campaigns.definition import CampaignDefinition, parse_definition

EXAMPLE_BODY = """<p>Hello {{ customer.first_name | default: "there" }},</p>
<p>we have something for you this week.</p>
<p><a href="https://example.com/">Have a look</a></p>
"""


class CampaignForm(forms.Form):
    """Fields as a marketer reads them; `read_definition` gives the checked definition."""

    name = forms.CharField(max_length=120, help_text="For your team; recipients do not see it.")
    segment = forms.ChoiceField(label="For whom", initial="At Risk Customers")
    subject = forms.CharField(max_length=400, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    body = forms.CharField(
        label="Mail",
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "true"}),
        initial=EXAMPLE_BODY,
        help_text='Text or HTML. {{ customer.first_name | default: "there" }} becomes each person\'s first name.',
    )
    control_percent = forms.FloatField(
        label="Control group, %",
        min_value=0,
        max_value=50,
        initial=10,
        help_text="Held out, so that the report can say what the campaign earned.",
    )
    measure_days = forms.IntegerField(
        label="Measure for, days",
        min_value=1,
        max_value=90,
        initial=14,
        help_text="Orders in this time count.",
    )
    from_name = forms.CharField(
        label="Sender's name", max_length=100, required=False, help_text="Empty: the name from the settings."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].choices = queries.list_audience_choices()  # type: ignore[attr-defined]

    @classmethod
    def build_initial(cls, definition: CampaignDefinition) -> dict[str, Any]:
        """A definition as the form shows it."""
        given = definition.as_dict()
        given["control_percent"] = f"{100 * given.pop('control_share'):.2f}".rstrip("0").rstrip(".")
        given["from_name"] = given["from_name"] or ""
        return given

    @classmethod
    def build_taken_field(cls, percent: str) -> SafeString:
        """The control group's input with the proposed value, to replace the one on the page."""
        form = cls(initial={"control_percent": percent})
        return form["control_percent"].as_widget(attrs={"hx-swap-oob": "true"})

    def read_definition(self) -> CampaignDefinition | None:
        """The definition, or None with the form's errors set."""
        if not self.is_valid():
            return None
        given = dict(self.cleaned_data)
        given["control_share"] = round(given.pop("control_percent") / 100, 4)
        given["from_name"] = given["from_name"] or None
        try:
            return parse_definition(given)
        except TenureError as error:
            self.add_tenure_error(error)
            return None

    def add_tenure_error(self, error: TenureError) -> None:
        field = "control_percent" if error.field == "control_share" else error.field
        self.add_error(field if field in self.fields else None, error.message)

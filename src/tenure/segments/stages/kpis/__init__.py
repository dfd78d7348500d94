"""The key figures of stages. One object each; this list names them all, in the order in which forms offer them."""

from tenure.segments.stages.kpis.base import Kpi, KpiValue, Period
from tenure.segments.stages.kpis.behaviour import (
    ActivationRate,
    ActiveCustomers,
    AdvocateShare,
    CheckoutRate,
    EventCount,
    ReturnRate,
    TimeToFirstUse,
)
from tenure.segments.stages.kpis.customers import (
    AcquisitionCost,
    ContactRate,
    ConversionRate,
    FirstSeen,
    RelationshipLength,
    TimeToFirstPurchase,
)
from tenure.segments.stages.kpis.mails import ClickThroughRate
from tenure.segments.stages.kpis.orders import (
    AverageOrderValue,
    ChurnRate,
    CustomerValue,
    LoyalRevenueShare,
    OrdersPerCustomer,
    RepeatPurchaseRate,
    Revenue,
    WinBackRate,
)
from tenure.segments.stages.kpis.visits import Reach, TimeOnSite, Visits

KPIS: tuple[Kpi, ...] = (
    Reach(), Visits(), TimeOnSite(), FirstSeen(), ContactRate(), ConversionRate(), AcquisitionCost(), CheckoutRate(),
    TimeToFirstPurchase(), TimeToFirstUse(), ActivationRate(), ActiveCustomers(), ReturnRate(), ClickThroughRate(),
    RepeatPurchaseRate(), ChurnRate(), WinBackRate(), AverageOrderValue(), OrdersPerCustomer(), Revenue(),
    CustomerValue(), LoyalRevenueShare(), RelationshipLength(), AdvocateShare(), EventCount(),
)  # fmt: skip
BY_ID = {kpi.id: kpi for kpi in KPIS}

__all__ = ["BY_ID", "KPIS", "Kpi", "KpiValue", "Period"]

"""Addresses of the lifecycle and the segments pages."""

from django.urls import URLPattern, URLResolver, path

from tenure.segments import file_views, persona_views, segment_views, views
from tenure.segments.builder import views as builder
from tenure.segments.lists import views as list_views
from tenure.segments.stages import editing_views
from tenure.segments.stages import views as stage_views

app_name = "segments"
urlpatterns: list[URLPattern | URLResolver] = [
    path("segments/personas/", persona_views.show_personas, name="personas"),
    path("segments/personas/<str:name>/", persona_views.show_persona, name="persona"),
    path("segments/personas/<str:name>/card/", persona_views.show_card, name="persona_card"),
    path("lifecycle/", views.show_lifecycle, name="lifecycle"),
    path("lifecycle/customers.csv", views.export_rfm, name="export"),
    path("lifecycle/file/", file_views.choose_file, name="file"),
    path("lifecycle/file/jobs/<int:job_id>/", file_views.show_result, name="file_result"),
    path("lifecycle/file/<str:token>/", file_views.confirm_columns, name="file_columns"),
    path("lifecycle/file/<str:token>/segments.csv", file_views.download_rows, name="file_rows"),
    path("lifecycle/models/", stage_views.list_models, name="stage_models"),
    path("lifecycle/models/use/", stage_views.use_preset, name="use_stage_preset"),
    path("lifecycle/models/new/", stage_views.add_model, name="add_stage_model"),
    path("lifecycle/models/<str:name>/", stage_views.show_model, name="stage_model"),
    path("lifecycle/models/<str:name>/cards/", stage_views.show_cards, name="stage_cards"),
    path("lifecycle/models/<str:name>/delete/", stage_views.delete_model, name="delete_stage_model"),
    path("lifecycle/models/<str:name>/edit/", editing_views.edit_model, name="edit_stage_model"),
    path("lifecycle/models/<str:name>/move/", editing_views.move_stage, name="move_stage"),
    path("lifecycle/models/<str:name>/remove/", editing_views.remove_stage, name="remove_stage"),
    path("lifecycle/models/<str:name>/stages/new/", editing_views.edit_stage, name="add_stage"),
    path("lifecycle/models/<str:name>/stages/<int:number>/", editing_views.edit_stage, name="edit_stage"),
    path("segments/", segment_views.list_page, name="segments"),
    path("segments/new/", builder.new_page, name="new_segment"),
    path("segments/build/tree/", builder.tree_fragment, name="build_tree"),
    path("segments/build/count/", builder.count_fragment, name="build_count"),
    path("segments/build/people/", builder.people_fragment, name="build_people"),
    path("segments/lists/", list_views.show_lists, name="lists"),
    path("segments/lists/new/", list_views.make_list, name="new_list"),
    path("segments/lists/<str:name>/", list_views.show_list, name="list"),
    path("segments/lists/<str:name>/members/", list_views.members_fragment, name="list_members"),
    path("segments/lists/<str:name>/add/", list_views.add, name="add_to_list"),
    path("segments/lists/<str:name>/remove/", list_views.remove, name="remove_from_list"),
    path("segments/lists/<str:name>/delete/", list_views.delete, name="delete_list"),
    path("segments/lists/<str:name>/unknown.csv", list_views.download_unknown, name="unknown_of_list"),
    path("segments/lists/<str:name>/members.<str:kind>", list_views.export_members, name="list_file"),
    path("segments/why/", segment_views.choose_why, name="choose_why"),
    path("segments/<str:name>/", segment_views.segment_page, name="segment"),
    path("segments/<str:name>/edit/", builder.edit_page, name="edit_segment"),
    path("segments/<str:name>/members/", segment_views.members_fragment, name="segment_members"),
    path("segments/<str:name>/why/", segment_views.why_page, name="segment_why"),
    path("segments/<str:name>/delete/", segment_views.delete, name="delete_segment"),
    path(
        "segments/<str:name>/members.csv", segment_views.export_members, {"kind": "csv"}, name="segment_csv"
    ),
    path(
        "segments/<str:name>/members.parquet",
        segment_views.export_members,
        {"kind": "parquet"},
        name="segment_parquet",
    ),
]

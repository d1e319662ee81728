"""Every address, on one page."""

from django.urls import URLPattern, path

from worker.console import (
    actions,
    bulk,
    by_link,
    connect,
    connections,
    delivery,
    first_steps,
    home,
    imports,
    log,
    mail,
    newsletter,
    password,
    picture,
    post,
    reword,
    same,
    send,
    sign_in,
    subscriber,
    subscribers,
)
from worker.console import health as console_health
from worker.hooks import confirm, health, publish, subscribe, unsubscribe, websub

urlpatterns: list[URLPattern] = [
    path("hooks/publish/<token>", publish.publish, name="publish"),
    path("hooks/websub/<str:key>", websub.callback, name="websub"),
    path("subscribe/<slug:slug>", subscribe.subscribe, name="subscribe"),
    path("confirm/<str:token>", confirm.confirm_page, name="confirm"),
    path("u/<str:token>", unsubscribe.unsubscribe_page, name="unsubscribe"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("", home.show, name="home"),
    path("first-steps", first_steps.show, name="first-steps"),
    path("sign-in", sign_in.by_password, name="sign-in"),
    path("sign-in/<str:token>", sign_in.by_link, name="sign-in-by-link"),
    path("sign-out", sign_in.out, name="sign-out"),
    path("password", password.show, name="password"),
    path("posts/<int:pk>", post.show, name="post"),
    path("posts/<int:pk>/is/<slug:said>", same.answered, name="is"),
    path("posts/<int:pk>/send/<slug:channel>", send.show, name="send"),
    path("deliveries/<int:pk>", delivery.show, name="delivery"),
    path("deliveries/<int:pk>/people", newsletter.people, name="people"),
    path("deliveries/<int:pk>/test", newsletter.test_copy, name="test-copy"),
    path("deliveries/<int:pk>/words", reword.show, name="reword"),
    path("deliveries/<int:pk>/mail", mail.show, name="mail"),
    path("deliveries/<int:pk>/picture", picture.show, name="picture"),
    path("deliveries/<int:pk>/<slug:key>", actions.show, name="act"),
    path("by-link/<str:token>", by_link.show, name="by-link"),
    path("log", log.show, name="log"),
    path("subscribers", subscribers.show, name="subscribers"),
    path("subscribers/import", imports.show, name="subscribers-import"),
    path("subscribers/import/<int:pk>", imports.act, name="subscribers-take"),
    path("subscribers/export", subscribers.send_list, name="subscribers-export"),
    path("subscribers/bar", subscribers.bar, name="subscribers-bar"),
    path("subscribers/ask", subscribers.ask_to_go_on, name="subscribers-ask"),
    path("subscribers/<int:pk>", subscriber.show, name="subscriber"),
    path("subscribers/<int:pk>/<slug:key>", subscriber.act, name="subscriber-act"),
    path("log.csv", log.sheet, name="log-sheet"),
    path("log/<slug:key>", bulk.show, name="bulk"),
    path("health", console_health.show, name="health"),
    path("health/<slug:slug>/look", console_health.look, name="look"),
    path("health/<slug:slug>/pause", console_health.pause, name="pause-blog"),
    path("health/<slug:slug>/resume", console_health.resume, name="resume-blog"),
    path("health/<slug:slug>/pause/<slug:channel>", console_health.pause, name="pause"),
    path("health/<slug:slug>/resume/<slug:channel>", console_health.resume, name="resume"),
    path("connections", connections.show, name="connections"),
    path("connections/callback/<slug:channel>", connect.callback, name="connect-callback"),
    path("connections/<slug:slug>/<slug:channel>/connect", connect.start, name="connect"),
    path("connections/<slug:slug>/<slug:channel>/place", connect.place, name="connection-place"),
    path("connections/<slug:slug>/<slug:channel>/check", connections.check, name="connection-check"),
    path("connections/<slug:slug>/<slug:channel>/disconnect", connections.disconnect, name="disconnect"),
]

handler400 = "worker.console.errors.bad_request"
handler403 = "worker.console.errors.forbidden"
handler404 = "worker.console.errors.not_found"
handler500 = "worker.console.errors.broken"

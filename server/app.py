"""The composition root: everything is built here from Settings, and only here meet handlers and nouns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tornado.web import Application

from handlers.base import Doors
from server import money_figures, nouns
from server.building import Building, PayGateway, SmsGateway, WeChatGateway, WeComGateway
from server.config import Settings
from server.distances import Ways
from server.gateways.maps import MapGateway
from server.gateways.null import NullPay, NullSms
from server.gateways.pay import Pay
from server.gateways.payee import PayeeGateway
from server.gateways.sms import SmsGateway as Sms
from server.gateways.wechat import WeChat
from server.gateways.wechat_callbacks import MiniCallbackDoor
from server.gateways.wecom import WeCom
from server.gateways.wecom_callbacks import CallbackDoor
from server.kit.clock import Clock, clock_of
from server.kit.db import connect
from server.kit.metrics import Metrics
from server.worker import Worker


class House(Building):
    """The building with its doors: HTTP in front, the worker behind."""

    def http_application(self) -> Application:
        return Doors(self)

    async def run_worker(self, stop: asyncio.Event) -> None:
        await Worker(self).run(stop)

    def worker(self) -> Worker:
        return Worker(self)


@asynccontextmanager
async def open_building(
    settings: Settings,
    *,
    clock: Clock | None = None,
    wechat: WeChatGateway | None = None,
    wecom: WeComGateway | None = None,
) -> AsyncIterator[House]:
    """Open everything, check the collections, follow the changes; close it all in reverse."""
    metrics = Metrics()
    clock = clock or clock_of(settings.clock_file)
    async with AsyncExitStack() as stack:
        db = connect(
            settings.mongo_url,
            settings.database,
            clock,
            threads=settings.mongo_threads,
            deadline_s=settings.http.deadline_s,
        )
        stack.push_async_callback(db.close)
        wechat = wechat or _wechat(settings, clock, metrics)
        stack.push_async_callback(wechat.close)
        wecom = wecom or _wecom(settings, clock, metrics)
        stack.push_async_callback(wecom.close)
        house = House(settings, clock, db, wechat, wecom, metrics)
        own = settings.wecom
        house.wecom_callbacks = CallbackDoor(own.token, own.encoding_aes_key, own.corpid, clock)
        mini = settings.wechat
        house.wechat_callbacks = MiniCallbackDoor(
            mini.token, mini.encoding_aes_key, mini.appid, mini.message_mode
        )
        house.pay = await asyncio.to_thread(_pay, settings, clock, metrics)
        stack.push_async_callback(house.pay.close_connections)
        house.payees = PayeeGateway(settings.payees, clock=clock, observe=metrics.observe_call)
        stack.push_async_callback(house.payees.close)
        house.sms = _sms(settings, clock, metrics)
        stack.push_async_callback(house.sms.close)
        if settings.distances.key:
            maps = MapGateway(settings.distances, clock=clock, observe=metrics.observe_call)
            stack.push_async_callback(maps.close)
            house.ways = Ways(settings.distances, clock, maps)
        house.statistics.money = money_figures.figures
        stack.callback(house.pictures.close)
        await db.start(nouns.collections())
        yield house


def _wechat(settings: Settings, clock: Clock, metrics: Metrics) -> WeChat:
    own = settings.wechat
    return WeChat(
        own.base_url,
        own.appid,
        own.secret,
        timeout_s=own.timeout_s,
        clock=clock,
        observe=metrics.observe_call,
    )


def _wecom(settings: Settings, clock: Clock, metrics: Metrics) -> WeCom:
    own = settings.wecom
    return WeCom(
        own.base_url,
        own.corpid,
        own.secret,
        timeout_s=own.timeout_s,
        clock=clock,
        observe=metrics.observe_call,
    )


def _pay(settings: Settings, clock: Clock, metrics: Metrics) -> PayGateway:
    """Reads the keys, in a thread. Without a merchant nothing is paid by WeChat."""
    own = settings.pay
    if not own.mchid:
        return NullPay()
    ours = settings.public_url or f"http://127.0.0.1:{settings.port}"
    return Pay(
        own,
        settings.wechat.appid,
        Path(own.private_key_file).read_text(),
        Path(own.public_key_file).read_text(),
        own.notify_url or f"{ours}/pay/notify",
        clock=clock,
        observe=metrics.observe_call,
    )


def _sms(settings: Settings, clock: Clock, metrics: Metrics) -> SmsGateway:
    if not settings.sms.secret_id:
        return NullSms()
    return Sms(settings.sms, clock=clock, observe=metrics.observe_call)

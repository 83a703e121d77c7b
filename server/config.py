"""Every setting with its default; server/settings.py reads them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from schemas.catalogue import CancelFee

EXAMPLE_MARK = "example-"
EXAMPLE_APPID = "wxdemo0000000000"
EXAMPLE_CORPID = "wwdemo0000000000"
ONE_SMS = 70
EXAMPLE_AES_KEY = "exampleWeComKeyForTheDemoAndTheTestsAlone00"

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Hour = Annotated[int, Meta(ge=0, le=23)]
ClockTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
WorkingHours = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Network = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f:.]+(/[0-9]+)?$")]
Url = Annotated[str, Meta(pattern=r"^https?://\S+$")]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the TOML file."""


class WeChat(Section, frozen=True, kw_only=True):
    """What WeChat sends to us is signed with `token` and encrypted with `encoding_aes_key` in the `message_mode`, all
    three as its console shows them (开发管理, 消息推送) for our address `/wechat/callback`."""

    base_url: Url = "https://api.weixin.qq.com"
    appid: str = EXAMPLE_APPID
    secret: str = "example-wechat-secret"
    token: str = "example-wechat-token"
    encoding_aes_key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{43}$")] = EXAMPLE_AES_KEY
    message_mode: Literal["plain", "compatible", "secure"] = "secure"
    timeout_s: Seconds = 3.0


class WeCom(Section, frozen=True, kw_only=True):
    """Staff sign in at `login_url` in a desktop browser, at `authorize_url` inside the WeCom client. What WeCom sends to
    us is signed with `token` and encrypted with `encoding_aes_key`, both as its console shows them for our address
    `/wecom/callback`."""

    base_url: Url = "https://qyapi.weixin.qq.com"
    login_url: Url = "https://login.work.weixin.qq.com/wwlogin/sso/login"
    authorize_url: Url = "https://open.weixin.qq.com/connect/oauth2/authorize"
    corpid: str = EXAMPLE_CORPID
    agentid: int = 1000002
    secret: str = "example-wecom-secret"
    token: str = "example-wecom-token"
    encoding_aes_key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{43}$")] = EXAMPLE_AES_KEY
    timeout_s: Seconds = 3.0


class Pay(Section, frozen=True, kw_only=True):
    """WeChat Pay v3. Without a `mchid` nothing is paid by WeChat. Keys are files in PEM: the merchant's own private key
    with the serial number of its certificate, and WeChat Pay's public key with its id; its certificates, the older kind,
    are fetched. `notify_url` is where it tells us, `/pay/notify` at our public address unless said otherwise.

    An order or refund of which it tells nothing is asked for after the first of `looks_s`, then after the next, and on
    and on after the last. Its bill of a day is compared at `compare_hour` of the next, and for `compare_days` back where
    that was missed."""

    base_url: Url = "https://api.mch.weixin.qq.com"
    mchid: Annotated[str, Meta(pattern=r"^[0-9]{0,32}$")] = ""
    serial: str = ""
    private_key_file: str = ""
    apiv3_key: str = ""
    public_key_file: str = ""
    public_key_id: str = ""
    notify_url: str = ""
    timeout_s: Seconds = 5.0
    looks_s: Annotated[tuple[Positive, ...], Meta(min_length=1)] = (15, 30, 60, 120, 300)
    compare_hour: Annotated[int, Meta(ge=0, le=23)] = 10
    compare_days: Annotated[int, Meta(ge=1, le=90)] = 7


class Payees(Section, frozen=True, kw_only=True):
    """The collecting agency that bills are looked up and paid at. A payment that nobody completes is given up after
    `pay_minutes`; one that the agency does not answer is asked for again for as long as it takes. Its points are set
    aside for `held_days`, longer than any payment takes: the payment itself gives them back.

    Of an account that somebody has saved the payee is asked for new bills every `ask_every_days`, within
    `ask_spread_minutes` from `ask_hour` on; somebody has `most_accounts` of them.

    Residents are reminded of bills at `remind_hour`. An open bill stays for `kept_hours` with whoever looked it up last,
    before the schedule of somebody who has saved the account takes it."""

    base_url: Url = "https://payees.example.cn"
    client: str = "hoelun"
    secret: str = ""
    timeout_s: Seconds = 3.0
    pay_minutes: Positive = 15
    held_days: Positive = 7
    ask_hour: Hour = 8
    ask_every_days: Positive = 1
    ask_spread_minutes: Positive = 120
    most_accounts: Positive = 20
    remind_hour: Hour = 9
    kept_hours: Positive = 24


class Sms(Section, frozen=True, kw_only=True):
    """Short messages by Tencent Cloud; without a `secret_id` none are sent. `app_id`, `sign`, `template_id` and the text
    of the `template` are those of its console, as they were approved there; the text has one value, {1}, of `longest`
    characters at most. What became of a message it reports at our address `/sms/report?key=` with the `report_key`."""

    base_url: Url = "https://sms.tencentcloudapi.com"
    region: str = "ap-guangzhou"
    secret_id: str = ""
    secret_key: str = ""
    app_id: Annotated[str, Meta(pattern=r"^[0-9]{0,16}$")] = ""
    sign: Annotated[str, Meta(min_length=2, max_length=12)] = "诃额伦街道"
    template_id: Annotated[str, Meta(pattern=r"^[0-9]{0,16}$")] = ""
    template: Annotated[str, Meta(pattern=r"^[^{}]+\{1\}[^{}]*$", max_length=60)] = (
        "您有一件事请留意：{1}。请打开微信小程序“诃额伦社区”查看。"
    )
    longest: Positive = 35
    report_key: str = ""
    timeout_s: Seconds = 3.0

    @property
    def room(self) -> int:
        """Characters for the value, so that the whole with its signature in brackets is charged as one message."""
        return min(self.longest, ONE_SMS - len(f"【{self.sign}】") - len(self.template.replace("{1}", "")))


class AutoPay(Section, frozen=True, kw_only=True):
    """Bills that are paid from points by themselves: `notice_hours` after it was said, looked at again after `look_hours`
    where something was lacking. Residents choose their limits, of a bill and of a month, from these."""

    notice_hours: Positive = 24
    look_hours: Positive = 24
    bill_limits_fen: list[Positive] = field(default_factory=lambda: [10_000, 20_000, 50_000])
    month_limits_fen: list[Positive] = field(default_factory=lambda: [20_000, 50_000, 100_000])


class Http(Section, frozen=True, kw_only=True):
    """Limits measured to close slow and oversized connections while good users notice nothing. `proxies` are the
    addresses and networks of our own proxies, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""

    deadline_s: Seconds = 5.0
    idle_s: Seconds = 5.0
    body_s: Seconds = 5.0
    flush_s: Seconds = 3.0
    drain_s: Seconds = 10.0
    max_header_bytes: Positive = 16_384
    max_body_bytes: Positive = 1 << 20
    max_nesting: Positive = 32
    slow_s: Seconds = 1.0
    proxies: list[Network] = []


class Limits(Section, frozen=True, kw_only=True):
    """How often one caller may ask each process: so many times at once, and so many a second in the long run; 0 a
    second is no limit. Whoever is not signed in is counted by address, if it is not this machine's own."""

    actor_per_s: Annotated[float, Meta(ge=0)] = 20.0
    actor_burst: Positive = 200
    address_per_s: Annotated[float, Meta(ge=0)] = 50.0
    address_burst: Positive = 500


class Progress(Section, frozen=True, kw_only=True):
    """Asking where a case stands without signing in: how often each process lets one address ask, and how often one
    number be asked for, so that nobody finds out by trial whose it is; for so many days after its end it can be."""

    address_per_hour: Positive = 360
    address_burst: Positive = 30
    number_per_hour: Positive = 6
    number_burst: Positive = 10
    days: Positive = 90


class Sessions(Section, frozen=True, kw_only=True):
    """How long a login is good. One of the console also ends when nothing was done in it for `console_idle_minutes`."""

    resident_days: Positive = 30
    staff_hours: Positive = 12
    console_idle_minutes: Positive = 120
    remembered: Positive = 50_000


class Directory(Section, frozen=True, kw_only=True):
    """Who works here, as WeCom's directory says. All of it is read anew in the hour `resync_hour` of each night, if
    `nightly`; a reading by which more than `most_leaving_percent` of the staff had left changes nothing. A proposal to
    change roles waits `proposal_days` for another administrator."""

    nightly: bool = True
    resync_hour: Annotated[int, Meta(ge=0, le=23)] = 3
    most_leaving_percent: Annotated[int, Meta(ge=1, le=100)] = 30
    proposal_days: Positive = 7


class Live(Section, frozen=True, kw_only=True):
    """Open pages of the console that are told of changes: how many of one member and in one process, how often the line
    is tried, and how long a page may take to read what it is told. A page beyond that asks from time to time instead."""

    per_member: Positive = 8
    per_process: Positive = 500
    heartbeat_s: Seconds = 15.0
    slow_s: Seconds = 10.0


class Bookings(Section, frozen=True, kw_only=True):
    """Rules of the place for bookings (product §3). A held seat may be held longer `max_prolongs` times. `max_open` is
    how many one resident may have open, 0 for any number; `cancel_fees` is the table for services that have none, such
    as `[{"within_min": 60, "percent": 20}]`. So many wrong start codes within `code_lock_minutes` lock it for as long.
    """

    hold_minutes: Positive = 5
    desk_hold_minutes: Positive = 15
    max_prolongs: Annotated[int, Meta(ge=0)] = 1
    escalate_minutes: Positive = 30
    confirm_hours: Positive = 48
    no_show_grace_minutes: Positive = 15
    max_reschedules: Annotated[int, Meta(ge=0)] = 2
    quote_hours: Positive = 24
    appeal_days: Positive = 7
    appeal_answer_hours: Positive = 72
    code_tries: Positive = 5
    code_lock_minutes: Positive = 15
    max_open: Annotated[int, Meta(ge=0)] = 0
    cancel_fees: list[CancelFee] = []


class Clocks(Section, frozen=True, kw_only=True):
    """How deadlines are counted. `working_hours` are local windows such as `08:30-12:00`; `calendar_file` is TOML with
    `days_off`, `working_days` and `years` (docs/operations.md), read again every `sweep_minutes`; `remind_percent`
    says how much of a clock is used up when somebody is reminded of it, once; `extensions` how often a clock may be
    extended, each time by no more than what was promised."""

    calendar_file: str = ""
    working_hours: list[WorkingHours] = field(default_factory=lambda: ["08:30-17:30"])
    sweep_minutes: Positive = 10
    extensions: Positive = 1
    remind_percent: dict[str, Positive] = field(
        default_factory=lambda: {"handler": 50, "leader": 80, "street": 100}
    )


class Proxies(Section, frozen=True, kw_only=True):
    """How many people may act for one resident, how long at most, and how long an invitation's code is good."""

    max_granted: Positive = 5
    longest_days: Positive = 365
    invitation_minutes: Positive = 30


class Passengers(Section, frozen=True, kw_only=True):
    """Those who travel: `most` are kept for one resident, each until nobody has travelled by it for `unused_days`."""

    most: Positive = 15
    unused_days: Positive = 365


class Tickets(Section, frozen=True, kw_only=True):
    """Rules for tickets that an agent buys. A quote is promised within `answer_minutes` and holds for `quote_minutes`,
    what giving back comes to for `refund_minutes`, another train for `change_minutes`. Who has an order in hand keeps it
    for `hold_minutes`. Agents are told `warn_minutes` before the time to buy is over. A ticket costs `service_fee_fen`
    more, nothing from `free_from_age` on; sending the slip costs `post_fen`. Orders are taken up to `days_ahead`; they
    are closed, and the passengers' papers wiped, `wipe_days` after the trip. `agency_id` is the provider that buys;
    empty: the first that was admitted for tickets, else the street's dispatchers.

    Residents are reminded of a trip at `remind_at_hour` of the day before, and `remind_hours` before it. A ride
    to the station gets there `station_margin_minutes` before."""

    answer_minutes: Positive = 30
    quote_minutes: Positive = 30
    refund_minutes: Positive = 15
    change_minutes: Positive = 30
    hold_minutes: Positive = 15
    warn_minutes: Positive = 60
    service_fee_fen: Annotated[int, Meta(ge=0)] = 500
    free_from_age: Positive = 60
    post_fen: Annotated[int, Meta(ge=0)] = 1200
    days_ahead: Positive = 90
    wipe_days: Positive = 7
    agency_id: str = ""
    remind_at_hour: Hour = 18
    remind_hours: Positive = 3
    station_margin_minutes: Positive = 45


class Waitlist(Section, frozen=True, kw_only=True):
    """An offered seat is held for `offer_minutes`; without a reason the line is looked at every `look_minutes`."""

    offer_minutes: Positive = 15
    look_minutes: Positive = 10
    most_open: Positive = 10


class Dispatch(Section, frozen=True, kw_only=True):
    """How work finds its worker. An offer is good for `accept_minutes`; `grab_widths` says how many are asked in each
    round, the best first, 0 for everybody. `weights` are those of a score's parts; somebody who had no work for
    `waiting_hours` has waited as long as counts, `load_hours` of work make a full day, and who was never rated counts
    as `unrated_stars`."""

    accept_minutes: Positive = 5
    grab_widths: list[Annotated[int, Meta(ge=0)]] = field(default_factory=lambda: [3, 8, 0])
    weights: dict[str, Annotated[int, Meta(ge=0)]] = field(
        default_factory=lambda: {"distance": 30, "waiting": 30, "load": 20, "rating": 20}
    )
    waiting_hours: Positive = 72
    load_hours: Positive = 8
    unrated_stars: Annotated[float, Meta(ge=0, le=5)] = 4.0


class Distances(Section, frozen=True, kw_only=True):
    """How far it is by road: the straight line times `road_factor`, driven at `speed_kmh` on the whole way. With a `key`
    of a map service, Tencent's or one that answers alike, it is asked within `timeout_s`, and what it said is
    remembered for `kept_minutes`, for `remembered` pairs at most in each process; where it does not answer, the straight
    line stands."""

    road_factor: Annotated[float, Meta(ge=1, le=3)] = 1.35
    speed_kmh: Annotated[float, Meta(ge=1, le=120)] = 24.0
    base_url: Url = "https://apis.map.qq.com"
    key: str = ""
    timeout_s: Seconds = 1.5
    kept_minutes: Positive = 15
    remembered: Positive = 10_000


class Positions(Section, frozen=True, kw_only=True):
    """Where drivers are. The driver's page reports every `every_s` seconds; a phone may report `per_s` times a second in
    the long run and `burst` times at once. A report counts for who is near for `fresh_s`, is refused after `stale_s`,
    with an error beyond `most_vague_m`, or when it is farther from the last one than `jump_m` and what somebody drives at
    `fastest_mps`; after `keep_s` it is gone.

    With a passenger on board the way is measured in steps of `step_m`, drawn with `track_points` points at most, and
    forgotten `track_days` after the last of them. Who waits for the car has a line that is tried every `heartbeat_s` and
    dropped when it is not read for `slow_s`; each person may hold `per_member` of them, a process `per_process`; who has
    none asks every `poll_s`. A link for others is good for `share_hours` at most, and lets each process be asked
    `share_per_s` times a second from one address in the long run, `share_burst` times at once."""

    per_s: Annotated[float, Meta(ge=0)] = 2.0
    burst: Positive = 10
    every_s: Positive = 4
    fresh_s: Seconds = 30.0
    stale_s: Seconds = 60.0
    keep_s: Positive = 600
    most_vague_m: Positive = 500
    jump_m: Positive = 300
    fastest_mps: Positive = 50
    step_m: Positive = 20
    track_points: Annotated[int, Meta(ge=10, le=2000)] = 400
    track_days: Positive = 7
    heartbeat_s: Seconds = 15.0
    slow_s: Seconds = 10.0
    per_member: Positive = 4
    per_process: Positive = 2000
    poll_s: Positive = 3
    share_hours: Positive = 12
    share_per_s: Annotated[float, Meta(ge=0)] = 2.0
    share_burst: Positive = 60


class Rides(Section, frozen=True, kw_only=True):
    """Rules of the place for rides (product §4). `centre` is the middle of the street's land, longitude and latitude: a
    ride begins within `pickup_km` of it and ends within `dropoff_km`. One ordered for later is looked for
    `lead_minutes` before, ordered `longest_ahead_days` before at the earliest, and one resident has `most_ahead` of them.

    Drivers are looked for within the first of `radii_m`, then the next. Each is asked for `offer_s`; where there is
    nobody it is looked again after `look_again_s`, until `give_up_minutes` have passed. Who lets `most_missed` offers
    pass in a row goes off duty, and so does who is not heard of for `vanish_s` on the way to a passenger.

    Cancelling is free until `cancel_free_minutes` after a driver has taken it, and when that driver is `late_minutes`
    later than was said; then it costs `cancel_fee_fen`. Who is not there `no_show_minutes` after the driver has come
    pays `no_show_fee_fen`. What is not paid at once is to be paid within `pay_days`. The way is never charged more than
    `most_over_percent` above its estimate.

    `weights` are those of a score's parts; who had no ride for `waiting_minutes` has waited as long as counts,
    `load_rides` make a full day, who was never rated counts as `unrated_stars`. `help_phone` is whom to call where no car
    is found."""

    centre: tuple[float, float] = (109.9802, 39.8226)
    pickup_km: Positive = 25
    dropoff_km: Positive = 120
    lead_minutes: Positive = 20
    longest_ahead_days: Positive = 7
    most_ahead: Positive = 3
    radii_m: Annotated[list[Positive], Meta(min_length=1)] = field(default_factory=lambda: [1500, 3000, 6000])
    offer_s: Positive = 15
    look_again_s: Positive = 5
    give_up_minutes: Positive = 10
    most_missed: Positive = 3
    vanish_s: Positive = 180
    cancel_free_minutes: Annotated[int, Meta(ge=0)] = 3
    late_minutes: Positive = 10
    cancel_fee_fen: Annotated[int, Meta(ge=0)] = 300
    no_show_minutes: Positive = 10
    no_show_fee_fen: Annotated[int, Meta(ge=0)] = 500
    pay_days: Positive = 7
    most_over_percent: Annotated[int, Meta(ge=0)] = 30
    weights: dict[str, Annotated[int, Meta(ge=0)]] = field(
        default_factory=lambda: {"distance": 40, "waiting": 25, "load": 20, "rating": 15}
    )
    waiting_minutes: Positive = 60
    load_rides: Positive = 20
    unrated_stars: Annotated[float, Meta(ge=0, le=5)] = 4.0
    help_phone: Annotated[str, Meta(pattern=r"^[0-9-]{0,20}$")] = "0477-8530000"


class Plans(Section, frozen=True, kw_only=True):
    """Rules for recurring plans; when a visit cannot be booked, `alternatives` free times near it are named."""

    most_open: Positive = 5
    longest_weeks: Positive = 52
    alternatives: Positive = 3
    alternatives_days: Positive = 3


class Ratings(Section, frozen=True, kw_only=True):
    """Until when a completed case can be rated, and how low a rating has to be for somebody to call."""

    days: Positive = 15
    low_stars: Annotated[int, Meta(ge=0, le=5)] = 2


class Followups(Section, frozen=True, kw_only=True):
    """Within how many working days somebody calls, and after how many calls nobody need be reached.

    Of a public service also: what is complicated may take `complex_working_days` in all, an objection to the result can
    be made within `objection_days` and is looked at within `recheck_working_days`."""

    working_days: Positive = 5
    calls: Positive = 3
    complex_working_days: Annotated[int, Meta(ge=1, le=15)] = 15
    objection_days: Positive = 5
    recheck_working_days: Positive = 5


class Approvals(Section, frozen=True, kw_only=True):
    """A draft that nobody has touched for `draft_days` is taken back; what has been delivered is archived after
    `archive_days`; a colleague stands in for another no longer than `delegation_days` at a time."""

    draft_days: Positive = 30
    archive_days: Positive = 30
    delegation_days: Positive = 60


class Complaints(Section, frozen=True, kw_only=True):
    """How long a case can be complained about once it is over, and how long each side has."""

    within_days: Positive = 30
    answer_hours: Positive = 48
    accept_days: Positive = 3
    decide_working_days: Positive = 5
    reopen_days: Positive = 7
    reopenings: Annotated[int, Meta(ge=0)] = 1


class Points(Section, frozen=True, kw_only=True):
    """Points of a purchase expire after `expire_days`; what is reserved for a payment is given back after
    `reserve_minutes` if nothing has become of it. Points that come back when they would have expired meanwhile can be
    used for `back_days` more.

    Residents are told of points that expire within each of `warn_days`; who has to be told is looked for every
    `warn_hours`. A code by which somebody takes their card on the phone is good for `code_minutes` and `code_tries`, and
    `code_most` of them are given out for one resident in that time."""

    expire_days: Positive = 730
    back_days: Positive = 7
    reserve_minutes: Positive = 15
    warn_days: list[Positive] = field(default_factory=lambda: [30, 7])
    warn_hours: Positive = 6
    code_minutes: Positive = 30
    code_tries: Positive = 5
    code_most: Positive = 3


class Settlements(Section, frozen=True, kw_only=True):
    """Batches for the post office. An open one looks for more every `collect_minutes`, a redemption that was missed is
    found for `look_back_days`; a batch has `most_rows` at most, and an answer of more than `most_differences` differences
    or `max_file_bytes` is none. Files are written in `encoding` unless asked otherwise. What is open is summed up by its
    age: up to so many days each, and beyond."""

    collect_minutes: Positive = 10
    look_back_days: Positive = 31
    most_rows: Positive = 10_000
    most_differences: Positive = 1_000
    max_file_bytes: Positive = 8 << 20
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    aging_days: list[Positive] = field(default_factory=lambda: [7, 30, 60])


class Pos(Section, frozen=True, kw_only=True):
    """Terminals and the post office's statement files. A terminal's clock may be off by `clock_skew_s`; a file has at
    most `max_file_bytes` and has to arrive within `upload_s`."""

    clock_skew_s: Annotated[int, Meta(ge=1, le=400)] = 300
    max_file_bytes: Positive = 100 << 20
    upload_s: Seconds = 600.0


class Desk(Section, frozen=True, kw_only=True):
    """Windows and the call centre: how many residents one member may look at in full in a day."""

    reveals_per_day: Positive = 50


class Attachments(Section, frozen=True, kw_only=True):
    """Files on a case. A picture of more than `max_pixels` is not opened, one with a side longer than `max_side` made
    smaller; `piece_s` is how long a client may take for one piece of a download; what nobody has used after
    `sweep_after_s` is deleted, and `most_unclaimed` of it may wait for one person."""

    max_image_bytes: Positive = 10 << 20
    max_pdf_bytes: Positive = 20 << 20
    max_pixels: Positive = 50_000_000
    max_side: Positive = 4096
    thumbnail_side: Positive = 320
    drawing_threads: Positive = 1
    upload_s: Seconds = 120.0
    piece_s: Seconds = 10.0
    link_s: Positive = 3600
    sweep_after_s: Positive = 3600
    sweep_staff_after_s: Positive = 24 * 3600
    most_unclaimed: Positive = 30


class Providers(Section, frozen=True, kw_only=True):
    """An application is answered within `review_working_days`. A visit that begins within `grace_hours` of a suspension
    goes ahead; a month's sheet is closed `sheet_days` days after its end."""

    review_working_days: Positive = 5
    grace_hours: Annotated[int, Meta(ge=0)] = 4
    sheet_days: Positive = 10


class Documents(Section, frozen=True, kw_only=True):
    """Notices and decisions as PDF. `office` is who gives them out, `word` begins each number, 诃街受〔2026〕12 号.
    `review` is the government that hears an objection, `court` who hears a suit. `font` must be installed, with its bold.
    One address may ask for `verify_per_minute` papers to be verified in the long run, and `verify_burst` at once."""

    office: str = "诃额伦街道办事处"
    word: str = "诃街"
    review: str = "东胜区人民政府"
    court: str = "东胜区人民法院"
    font: str = "Noto Serif CJK SC"
    verify_per_minute: Annotated[float, Meta(ge=0)] = 30.0
    verify_burst: Positive = 20
    max_verify_bytes: Positive = 5 << 20


class Push(Section, frozen=True, kw_only=True):
    """In `quiet_hours` nobody is woken but by what is urgent, where they have said nothing else; begin and end the same:
    there are none. What is not worth a message of its own is told once a day at `digest_at`. Those who are told then,
    or when the quiet hours end, are spread over `spread_minutes`.

    `long_term` are the names of the templates of which one accept is good for any number of messages. What goes to
    thousands takes `bulk_per_minute` of the platform at most, in the whole house, and `batch` are taken at once; it gets
    into the inboxes of a `chunk` of residents at a time.

    Where nobody knows whether WeChat has sent a message, its word is waited for `uncertain_s`; without one it was not
    sent, if it is known that WeChat tells us: it has told of another since, or `sent_events` says so."""

    lease_s: Seconds = 30.0
    batch: Positive = 50
    parallel: Positive = 16
    max_attempts: Positive = 8
    chunk: Positive = 500
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    templates: dict[str, str] = {}
    long_term: list[str] = []
    bulk_per_minute: Positive = 6000
    uncertain_s: Positive = 120
    sent_events: bool = False
    quiet_hours: WorkingHours = "22:00-07:00"
    digest_at: ClockTime = "18:00"
    spread_minutes: Positive = 5


class ReturnCalls(Section, frozen=True, kw_only=True):
    """Telling residents by telephone what WeChat did not show them. Who has taken a call has it for `hold_minutes`; after
    `tries` that nobody answered, or `hours`, an SMS goes instead. What is urgent is sent as an SMS at once, and called
    about when it was not read within `urgent_minutes`. A wrong outcome can be taken back for `undo_minutes`. One member
    may take `takes_per_day`, which is apart from the looks of `desk.reveals_per_day`."""

    hours: Positive = 24
    urgent_minutes: Positive = 10
    tries: Positive = 3
    hold_minutes: Positive = 30
    undo_minutes: Positive = 5
    takes_per_day: Positive = 150


class PushAlerts(Section, frozen=True, kw_only=True):
    """When the administrators are told that fewer messages arrive than should: a day counts from `least` messages on;
    the share that arrives may be `fall` points below the median of the `days` before, and not below `floor` per cent.
    Also when something has been due for `waiting_minutes`. Counted every `every_minutes`."""

    least: Positive = 50
    fall: Annotated[int, Meta(ge=1, le=100)] = 20
    floor: Annotated[int, Meta(ge=0, le=100)] = 30
    days: Annotated[int, Meta(ge=1, le=31)] = 7
    waiting_minutes: Positive = 15
    every_minutes: Positive = 3


class Settings(Section, frozen=True, kw_only=True):
    """All that a process is told from outside. Secrets are `example-…` in the demo and in tests only.

    `public_url` is how browsers reach us, such as `https://street.example.cn`; empty: as the request says.
    `clock_file` moves the time of a demo. Each worker has its `/metrics` on the first free port of this machine from
    `metrics_port` on, twice as many as there are `worker_processes`; 0: none.
    """

    environment: Literal["demo", "test", "production"] = "production"
    host: str = "127.0.0.1"
    port: Port = 8000
    public_url: Annotated[str, Meta(pattern=r"^(https?://[^\s/]+)?$")] = ""
    sandbox_port: Port = 8001
    preview_port: Port = 8002
    metrics_port: Port = 0
    data_dir: str = "var"
    clock_file: str = ""
    mongo_url: str = ""
    database: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,38}$")] = "hoelun"
    mongo_threads: Positive = 16
    web_processes: Positive = 1
    worker_processes: Positive = 1
    field_key: str = "example-field-key"
    cookie_key: str = "example-cookie-key"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "json"
    wechat: WeChat = field(default_factory=WeChat)
    wecom: WeCom = field(default_factory=WeCom)
    pay: Pay = field(default_factory=Pay)
    payees: Payees = field(default_factory=Payees)
    sms: Sms = field(default_factory=Sms)
    auto_pay: AutoPay = field(default_factory=AutoPay)
    http: Http = field(default_factory=Http)
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Progress)
    sessions: Sessions = field(default_factory=Sessions)
    directory: Directory = field(default_factory=Directory)
    live: Live = field(default_factory=Live)
    bookings: Bookings = field(default_factory=Bookings)
    clocks: Clocks = field(default_factory=Clocks)
    waitlist: Waitlist = field(default_factory=Waitlist)
    dispatch: Dispatch = field(default_factory=Dispatch)
    distances: Distances = field(default_factory=Distances)
    positions: Positions = field(default_factory=Positions)
    rides: Rides = field(default_factory=Rides)
    plans: Plans = field(default_factory=Plans)
    ratings: Ratings = field(default_factory=Ratings)
    followups: Followups = field(default_factory=Followups)
    complaints: Complaints = field(default_factory=Complaints)
    approvals: Approvals = field(default_factory=Approvals)
    providers: Providers = field(default_factory=Providers)
    push: Push = field(default_factory=Push)
    return_calls: ReturnCalls = field(default_factory=ReturnCalls)
    push_alerts: PushAlerts = field(default_factory=PushAlerts)
    proxies: Proxies = field(default_factory=Proxies)
    passengers: Passengers = field(default_factory=Passengers)
    tickets: Tickets = field(default_factory=Tickets)
    attachments: Attachments = field(default_factory=Attachments)
    desk: Desk = field(default_factory=Desk)
    settlements: Settlements = field(default_factory=Settlements)
    points: Points = field(default_factory=Points)
    pos: Pos = field(default_factory=Pos)
    documents: Documents = field(default_factory=Documents)

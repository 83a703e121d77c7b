"""A worker's numbers: the first free port has them, and a worker without one works all the same."""

from tornado.httpclient import AsyncHTTPClient
from tornado.netutil import bind_sockets

from server.kit.metrics import Metrics
from server.kit.telling import HERE, told


async def test_each_process_has_the_first_free_port_and_tells_its_own(io_loop: object) -> None:
    [probe] = bind_sockets(0, HERE)
    port = probe.getsockname()[1]
    probe.close()
    first, second = Metrics(), Metrics()
    first.push_answered("booking_done", "sent", "")
    second.push_answered("booking_done", "no_credit", "43101")
    client = AsyncHTTPClient(force_instance=True)
    with told(first, port, 1) as one, told(second, port, 1) as other, told(Metrics(), port, 1) as untold:
        assert one is not None and other is not None and port <= one < other and untold is None
        seen = [(await client.fetch(f"http://{HERE}:{at}/metrics")).body.decode() for at in (one, other)]
    client.close()
    assert 'hoelun_push_answers_total{errcode="",outcome="sent",template="booking_done"} 1.0' in seen[0]
    assert 'outcome="no_credit"' in seen[1] and 'outcome="sent"' not in seen[1]
    with told(Metrics(), 0, 1) as none:
        assert none is None

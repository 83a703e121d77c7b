"""What to try in the demo, as commands that can be pasted into a second terminal one after the other."""

from datetime import datetime
from string import Template

from server.config import Settings
from server.kit.clock import SHANGHAI

_JSON = "-H 'Content-Type: application/json'"
_KEY = '-H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)"'

_GUIDE = Template(
    r"""
  API and staff console   $web/console · $web/docs
  The mini-program        $preview
  Messages on the phones  $sandbox
  Data and log            $data_dir · $data_dir/demo.log

Things to try in a second terminal:

 1. two tools for the lines below: `pick` takes a value out of a JSON reply, `api` calls as who is logged in
      pick() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$$1"; }
      api() { curl -s $json -H "Authorization: Bearer $$TOKEN" \
        $key "$$@"; echo; }
 2. log in as a resident; the stand-in hands out the code that wx.login would
      CODE=$$(curl -s $sandbox/_control/codes $json \
        -d '{"openid": "demo-resident-001"}' | pick 'd["code"]')
      TOKEN=$$(curl -s $web/v1/sessions $json \
        $key -d '{"code": "'$$CODE'"}' | pick 'd["token"]')
 3. see who that is
      api $web/v1/me
 4. list the 25 services
      api $web/v1/services \
        | pick '"\n".join(s["id"] + "  " + s["name"] for s in d["items"])'
 5. choose one and take its first free time
      SERVICE=$$(api $web/v1/services | pick 'd["items"][0]["id"]')
      START=$$(api "$web/v1/services/$$SERVICE/slots?from=$today&days=14" \
        | pick 'next(s["start"] for day in d["days"] for s in day["slots"] if s["free"])')
 6. allow messages: once in WeChat's pop-up, then the mini-program reports the answer
      for T in tmpl-booking-submitted tmpl-booking-confirmed tmpl-booking-assigned \
        tmpl-booking-started tmpl-booking-done; do
        curl -s $sandbox/_control/subscribe $json \
          -d '{"openid": "demo-resident-001", "template_id": "'$$T'", "result": "accept"}'
        api $web/v1/subscriptions -d '{"results": {"'$$T'": "accept"}}'
      done
 7. book it
      CASE=$$(api $web/v1/bookings \
        -d '{"service_id": "'$$SERVICE'", "start": "'$$START'"}' | pick 'd["case_no"]')
      SPOKEN=$$(api $web/v1/cases/$$CASE | pick 'd["details"]["start_code"]')
      api $web/v1/cases/$$CASE | pick 'd["sentence"] + "  " + "start code " + d["details"]["start_code"]'
 8. be the provider's manager: see it in the inbox, confirm it, send somebody
      staff() { CODE=$$(curl -s $sandbox/_control/wecom-codes $json -d '{"userid": "'$$1'"}' | pick 'd["code"]')
        TOKEN=$$(curl -s $web/v1/staff-sessions $json -d '{"code": "'$$CODE'"}' | pick 'd["token"]'); }
      staff demo-provider
      api "$web/v1/cases?box=unassigned" \
        | pick '"\n".join(c["case_no"] + "  " + c["title"] + "  " + c["state_text"] for c in d["items"])'
      api $web/v1/cases/$$CASE/confirm -d '{}' | pick 'd["sentence"]'
      api $web/v1/cases/$$CASE/assign -d '{"worker_id": "demo-worker"}' | pick 'd["sentence"]'
 9. be the worker: set off, start with the code that the resident reads out, finish
      staff demo-worker
      api $web/v1/cases/$$CASE/depart -d '{}' | pick 'd["sentence"]'
      api $web/v1/cases/$$CASE/start -d '{"code": "'$$SPOKEN'"}' | pick 'd["sentence"]'
      api $web/v1/cases/$$CASE/finish -d '{}' | pick 'd["sentence"]'
10. five messages are on the phone: $sandbox/messages/demo-resident-001
      curl -s "$sandbox/_control/messages?openid=demo-resident-001" \
        | pick '"\n".join(m["title"] for m in d["items"])'
11. the same in a browser: book at $preview, answer at $web/console as demo-provider,
    demo-dispatcher or demo-worker
12. the staff's telephones: cards that can be tapped at $sandbox/wecom/demo-provider (or any other), and what the
    app says to a worker who writes to it
      curl -s $sandbox/_control/texts -d '{"userid": "demo-worker", "text": "待办"}' | pick 'd["reply"]["Content"]'

Ctrl-C stops everything and keeps the data; scripts/demo --fresh starts over.
"""
)


def text(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host
    return _GUIDE.substitute(
        web=f"http://{host}:{settings.port}",
        preview=f"http://{host}:{settings.preview_port}",
        sandbox=f"http://{host}:{settings.sandbox_port}",
        data_dir=settings.data_dir,
        today=datetime.now(SHANGHAI).date().isoformat(),
        json=_JSON,
        key=_KEY,
    )

"""Everything that Ganeti's own confd client library does, against the peers given.

Usage: confd_library.py LIBRARY KEY_FILE PORT PEER[,PEER...] < queries

The queries are one JSON array [type, query] a line. What the library reports goes to standard output, a JSON object a line, without
what differs by chance (salts, the order of peers), so that two runs against equal servers print the same. A check that must hold
anywhere raises.
"""

import json
import sys
import time

sys.path.insert(0, sys.argv[1])

import asyncore

from ganeti import constants
from ganeti import errors
from ganeti import serializer
from ganeti import utils
from ganeti.confd import client as confd_client

KEY = utils.ReadFile(sys.argv[2])
PORT = int(sys.argv[3])
PEERS = sys.argv[4].split(",")
QUERIES = [json.loads(line) for line in sys.stdin]


def report(what, **facts):
  print(json.dumps(dict(facts, what=what), sort_keys=True, default=serializer.EncodeWithPrivateFields))


def describe(up):
  if up.type == confd_client.UPCALL_EXPIRE:
    return {"upcall": "expire", "type": up.orig_request.type}
  reply = up.server_reply
  return {"upcall": "reply", "type": up.orig_request.type, "query": up.orig_request.query, "protocol": reply.protocol,
          "status": reply.status, "answer": reply.answer, "serial": reply.serial, "args": up.extra_args}


def check(condition, what):
  if not condition:
    raise AssertionError(what)


def synchronous():
  """One peer at a time, as the reference's tools use it."""
  for kind, query in QUERIES:
    seen = []
    client = confd_client.ConfdClient(KEY, PEERS[:1], seen.append, port=PORT)
    request = confd_client.ConfdClientRequest(type=kind, query=query)
    client.SendRequest(request, args=(kind, "extra"), async_=False)
    waited = client.WaitForReply(request.rsalt)
    check(waited == (False, 1, 1), "no reply to %s %s" % (kind, query))
    check(seen[0].server_ip == PEERS[0], "reply from %s" % seen[0].server_ip)
    check(seen[0].server_port == PORT, "reply from port %s" % seen[0].server_port)
    check(seen[0].salt == request.rsalt, "reply with salt %s" % seen[0].salt)
    report("synchronous", waited=waited, seen=[describe(up) for up in seen])
    client._socket.close()


def covering():
  """All peers, through the counting and the filtering callback: one upcall gets through, all count."""
  passed = []
  filtering = confd_client.ConfdFilterCallback(passed.append)
  counting = confd_client.ConfdCountingCallback(filtering)
  client = confd_client.ConfdClient(KEY, PEERS, counting, port=PORT)
  for coverage in [0, 1, -1, len(PEERS)]:
    for kind, query in QUERIES:
      del passed[:]
      request = confd_client.ConfdClientRequest(type=kind, query=query)
      counting.RegisterQuery(request.rsalt)
      client.SendRequest(request, coverage=coverage, async_=False)
      sent = len(client._requests[request.rsalt].sent)
      while len(client._requests[request.rsalt].rcvd) < sent:
        check(client.ReceiveReply(timeout=5), "no reply to %s %s from one of %s" % (kind, query, PEERS))
      check(client._requests[request.rsalt].rcvd == client._requests[request.rsalt].sent, "replies from other addresses than asked")
      check(counting.AllAnswered(), "not all answered")
      check(filtering.consistent[request.rsalt], "inconsistent answers")
      report("covering", coverage=coverage, sent=sent, counted=counting._answers[request.rsalt], passed=[describe(up) for up in passed])
  client._socket.close()


def asynchronous():
  """All queries at once through asyncore, with the storing callback."""
  store = confd_client.StoreResultCallback()
  client = confd_client.ConfdClient(KEY, PEERS, store, port=PORT)
  requests = [confd_client.ConfdClientRequest(type=kind, query=query) for kind, query in QUERIES]
  # So many at once that their answers fit the socket's queue.
  for first in range(0, len(requests), 50):
    asked = requests[first:first + 50]
    for request in asked:
      client.SendRequest(request, coverage=1)
    deadline = time.time() + 10
    while not all(store.GetResponse(request.rsalt)[0] for request in asked):
      asyncore.loop(timeout=0.5, count=1)
      check(time.time() < deadline, "answers are missing")
  for request in requests:
    report("asynchronous", seen=describe(store.GetResponse(request.rsalt)[1]))
  client._socket.close()


def expiring():
  """A query that no server answers expires with an upcall; so does nothing that was answered."""
  seen = []
  client = confd_client.ConfdClient(KEY, PEERS, confd_client.ConfdFilterCallback(seen.append), port=PORT)
  silent = confd_client.ConfdClientRequest(type=constants.CONFD_REQ_CLUSTER_MASTER, query={constants.CONFD_REQQ_FIELDS: ["0"]})
  ping = confd_client.ConfdClientRequest(type=constants.CONFD_REQ_PING)
  client.SendRequest(silent, async_=False)
  client.SendRequest(ping, coverage=1, async_=False)
  waited = client.WaitForReply(ping.rsalt)
  for request in client._requests.values():
    request.expiry = 0
  client.ExpireRequests()
  report("expiring", waited=waited, seen=sorted([describe(up) for up in seen], key=lambda up: json.dumps(up, sort_keys=True)))
  client._socket.close()


def refusing():
  """What the library itself refuses, and a key that is not the cluster's."""
  seen = []
  client = confd_client.ConfdClient(KEY, PEERS, seen.append, port=PORT)
  request = confd_client.ConfdClientRequest(type=constants.CONFD_REQ_PING)
  try:
    client.SendRequest(request, coverage=len(PEERS) + 1)
  except errors.ConfdClientError as err:
    report("refusing", error=str(err))
  client._socket.close()
  client = confd_client.ConfdClient("not the key", PEERS, seen.append, port=PORT)
  client.SendRequest(request, async_=False)
  report("refusing", received=client.ReceiveReply(timeout=0.3), seen=len(seen))
  client._socket.close()


synchronous()
covering()
asynchronous()
expiring()
refusing()

"""The node maintenance of Ganeti's watcher, which stops a node's instances if confd calls the node offline, without the stopping.

Usage: node_maintenance.py LIBRARY

Prints the role that it acts on. It finds the peers and the key as the watcher does: in the data folder.
"""

import sys

sys.path.insert(0, sys.argv[1])

from ganeti.watcher import nodemaint

nodemaint.NodeMaintenance.DoMaintenance = classmethod(lambda cls, role: print("role %s" % role))
nodemaint.NodeMaintenance().Exec()

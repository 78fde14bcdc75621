export type Severity = 'error' | 'warning' | 'info'

interface Entry {
  readonly severity: Severity
  /** Why it matters. */
  readonly why: string
  /** Advice to the operator. */
  readonly todo: string
}

const entry = (severity: Severity, why: string, todo: string): Entry => ({ severity, why, todo })

/** Every mistake that is looked for. The codes are stable; the words are not. */
export const catalogue = {
  'mongo-unreachable': entry('error', 'Without MongoDB nobody new is found, nobody is known as gone, and leases end.', 'See that it runs, that the URL is right, and that a firewall lets you through.'),
  'mongo-refused': entry('error', 'What cannot be read cannot be looked at.', 'Give a user with the role "read" on the database; look at authSource in the URL.'),
  'mongo-slow': entry('warning', 'A heartbeat that takes longer than its interval counts as missed, and probes wait for MongoDB too.', 'Look at its load, at the network in between, and at how far this machine is from it.'),
  'no-instances': entry('error', 'An instance that runs has a record: it runs elsewhere, or not at all.', 'Compare the database in the URL, the collection and the name with those of the application.'),
  'no-change-streams': entry('warning', 'A standalone MongoDB is polled: an instance that comes or goes is noticed only with the next heartbeat.', 'Make it a replica set, of one node if need be: mongod --replSet rs0, then rs.initiate().'),
  'ttl-index-missing': entry('warning', 'Records of instances that all died together stay for ever.', 'Let the application\'s user create indexes (role "readWrite") and restart an instance, or create it by hand: createIndex({ _updatedAt: 1 }, { expireAfterSeconds: … }).'),
  'ttl-index-short': entry('error', 'MongoDB deletes records of instances that live and are only late with a heartbeat.', 'Raise it by collMod, or restart an instance whose user may do so; an instance never lowers it.'),
  'ttl-index-long': entry('info', 'Records of instances that all died together stay for that long.', 'Lower it by collMod if that disturbs; no instance lowers it, as others may need it.'),
  'clocks-apart': entry('warning', 'The cluster compares no clocks, so nobody is taken for dead; but logs, login tokens and certificates do.', 'See that NTP (chrony, timesyncd) runs on both machines.'),
  'record-from-the-future': entry('warning', 'MongoDB\'s clock was set back, a new primary has another clock, or somebody else writes the record; the TTL index comes late for it.', 'See that NTP runs on all members of the replica set.'),
  'stale-record': entry('warning', 'The instance died without a goodbye, or does not reach MongoDB. Peers or the TTL index remove the record of a dead one within about a minute.', 'If it stays, look at the TTL index; if the instance should run, look at its log.'),
  'stale-but-answers': entry('error', 'It lives and cannot renew its record: new instances do not find it.', 'Look at its way to MongoDB, and in its log for "registry".'),
  'foreign-record': entry('warning', 'Instances pass over it: whoever wrote it is no part of the cluster, or writes what this version does not understand.', 'Delete it, or give one of the two programs another collection (collectionName).'),
  'several-names': entry('info', 'Instances of different names are different clusters, which do not see each other; that is right for two applications, and a mistake for one.', 'If it is one application, give all its instances the same name.'),
  'protocol-versions': entry('error', 'Instances of different protocol versions refuse each other.', 'Bring all to the same version of the library.'),
  'differing-expiry': entry('warning', 'Instances wait differently long for each other; who wants to be waited for longest decides the TTL index.', 'Give all the same expireAfterMs (MULTIPLE_INSTANCES_EXPIRE).'),
  'duplicate-address': entry('error', 'Only one of them can be reached there: the others are suspects to everybody.', 'Give each an address of its own: INSTANCE_IP and PORT, or the option address; processes that share a port need listen: {}.'),
  'localhost-among-others': entry('error', 'On another machine that address is the machine itself.', 'Bind to all interfaces, or set INSTANCE_IP (in Kubernetes: status.podIP).'),
  'localhost-everywhere': entry('info', 'Right on one machine; on several, nobody reaches anybody.', 'With several machines, bind to all interfaces, or set INSTANCE_IP.'),
  'address-unreachable': entry('error', 'If its peers see the same, it is a suspect to all, and gets no events.', 'Look at INSTANCE_IP, PORT and the option address of that instance, at firewalls and network policies between instances. This is the view from here: run doctor where an instance runs.'),
  'address-of-another': entry('error', 'The address leads to another instance: a load balancer, a reused address, or localhost on another machine.', 'Advertise the address of the process itself, never that of a balancer: INSTANCE_IP, in Kubernetes status.podIP.'),
  'address-of-another-cluster': entry('error', 'Another application\'s instance answers there, or the same with another database, collection or name.', 'Compare database, collection and name of both; see who listens at that address.'),
  'address-no-instance': entry('error', 'Its peers cannot link to it.', 'See what listens at that address, and advertise the port of the instance itself.'),
  'upgrade-dropped': entry('error', 'Links and live pages are WebSockets: without the upgrade there are none.', 'Let the proxy pass on Upgrade and Connection (nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection "upgrade"); between instances, use no proxy.'),
  'tls-untrusted': entry('warning', 'Whether the instance answers could not be seen from here; its peers may trust it.', 'Run doctor with NODE_EXTRA_CA_CERTS set to the CA of the instances.'),
  'instance-unreachable': entry('error', 'It could not be asked.', 'See that it runs, that --url is its own address, and that a firewall lets you through.'),
  'instance-refused': entry('error', 'It told nothing about links.', 'Give the id of a user who has view-statistics, and a login token of that user that is still valid.'),
  'matrix-missing': entry('info', 'Only the links of the instance that was asked are seen.', 'Bring the instance to a version that has instances.matrix.'),
  'link-down': entry('error', 'Events and calls of the one do not reach the other.', 'The reason says what is wrong; doctor with --mongo dials the addresses themselves.'),
  'not-dialled-back': entry('error', 'It reaches the others and is not reached: its advertised address is wrong, or something in between lets through one direction only.', 'Look at INSTANCE_IP, PORT and the option address of that instance, and at firewalls towards it.'),
  'instance-silent': entry('error', 'It is a member, and did not say what it sees.', 'Look at its log and its load.'),
  'view-missing': entry('info', 'It is seen by the others, and nobody knows what it sees.', 'Call instancesApi() in every instance; it need not be mounted on a server.'),
  'registry-lost': entry('error', 'It does not renew its record, and neither finds nor forgets anybody.', 'Look at its way to MongoDB, and in its log for "registry".'),
  'heartbeat-late': entry('warning', 'A record that is not renewed in time makes its instance look dead to new ones.', 'Look at MongoDB\'s load, at that of the instance, and at whether its event loop stands still.'),
  'events-lost': entry('warning', 'The reader was cut off for longer, or was slower, than the sender\'s log reaches back; each had a gap event.', 'Raise maxLogBytes, maxLogEntries and maxLogAgeMs at the sender, or make the reader\'s listeners faster.'),
} as const satisfies Record<string, Entry>

export type FindingCode = keyof typeof catalogue

/** Finding of the doctor. */
export interface Finding extends Entry {
  readonly code: FindingCode
  /** Description of the finding in this cluster. */
  readonly what: string
  /** Ids of those whom it is about. */
  readonly instances: readonly string[]
}

export const found = (code: FindingCode, what: string, instances: readonly string[] = []): Finding => ({ code, ...catalogue[code], what, instances })

internal import SocketIOCore

/// One client's way into one namespace.
struct Visit: Sendable {
    let namespace: Namespace
    let joins: UInt32
    /// The object of CONNECT, from Socket.IO 3 on.
    let auth: JSON?
    /// The query of the namespace, before that.
    let query: String
    var identity: Identity
    /// Where its reading goes on.
    let cursor: String?
    /// What it was before, where there is recovery.
    private(set) var back: RecoveryLog.Return?

    var isBack: Bool { identity.isRecovered }

    init(
        namespace: Namespace, joins: UInt32, auth: JSON?, query: String, identity: Identity, cursor: String?
    ) {
        self.namespace = namespace
        self.joins = joins
        self.auth = auth
        self.query = query
        self.identity = identity
        self.cursor = cursor
    }

    /// A reader is recognised by its cursor alone: any node can give it its old id, and nobody needs to know whether
    /// its earlier connection is gone. That ends by itself.
    mutating func recogniseReader(_ claim: RecoveryLog.Claim, at now: Instant) {
        guard let feed = namespace.feed, feed.begin(after: claim.offset, at: now).isCursorValid else {
            return
        }
        identity = Identity(id: SessionID.publicID(for: claim.pid), pid: claim.pid, isRecovered: true)
    }

    mutating func goOn(from back: RecoveryLog.Return, pid: String) {
        self.back = back
        identity = Identity(
            id: back.person.id, pid: pid, isRecovered: true, rooms: back.person.rooms,
            data: back.person.data, sequence: back.sequence, heard: back.heard)
    }
}

extension Shard {
    /// The client of a visit that was decided elsewhere, if it still waits for that: it may have left meanwhile, and
    /// may have come again with another request.
    func waiting(_ visit: Visit, _ sid: String) -> (any Client)? {
        guard let client = client(sid), !client.isEnded,
            let index = client.joining.firstIndex(where: { $0.number == visit.joins })
        else {
            turnAway(visit)
            return nil
        }
        client.joining.remove(at: index)
        return client
    }

    /// A visit ends at the door. Whoever was back may come back once more.
    func turnAway(_ visit: Visit) {
        if let back = visit.back { visit.namespace.recovery?.giveBack(back) }
        server.registry.leave(visit.namespace)
    }

    /// Ends the connection of a socket, as if its client had.
    func end(connectionOf socket: Socket, at now: Instant) {
        guard let client = client(socket.sid), let index = client.membership(of: socket.namespace.name),
            client.memberships[index].socket === socket
        else { return }
        client.close(.transportClose, at: now)
    }
}

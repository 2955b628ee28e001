internal import SocketIOCore

/// Joining and leaving.
extension Client {
    func membership(of namespace: String) -> Int? { memberships.firstIndex { $0.namespace == namespace } }

    func isJoining(_ namespace: String) -> Bool { joining.contains { $0.name == namespace } }

    /// A client asks to join a namespace that it is not in.
    ///
    /// - Parameters:
    ///   - auth: the object of CONNECT, from Socket.IO 3 on.
    ///   - query: of the namespace, before that.
    func connect(to name: String, auth: JSON? = nil, query: String = "", at now: Instant) {
        guard memberships.count + joining.count < shard.server.settings.maxNamespaces else {
            return sendRefusal(ConnectError("Too many namespaces"), namespace: name, at: now)
        }
        guard let namespace = shard.server.registry.enter(name) else {
            return sendUnknown(namespace: name, at: now)
        }
        joins += 1
        var visit = Visit(
            namespace: namespace, joins: joins, identity: identity(in: namespace, joins: joins),
            cursor: cursor)
        visit.recognise(auth, at: now)
        let handlers = namespace.handlers
        guard namespace.recovery != nil || handlers.wantsEverySocket else {
            return admit(visit, nil, at: now)
        }
        let socket = Socket(
            visit.identity, namespace: namespace, client: self,
            handshake: Handshake(of: self, auth: auth, namespaceQuery: query), transport: transportName)
        // A reader names its place and its pid itself: that opens no door.
        let isLetIn = visit.isBack && namespace.recovery?.skipsMiddlewares == true
        if handlers.middleware.isEmpty || isLetIn { return admit(visit, socket, at: now) }
        joining.append(Joining(name: name, number: joins))
        judge(visit, socket, by: handlers.middleware)
    }

    /// Asks the middleware, away from the event loop, and comes back with its decision.
    private func judge(_ visit: Visit, _ socket: Socket, by middleware: [Handlers.Step]) {
        Task { [sid, onLoop = shard.onLoop] in
            var refusal: ConnectError?
            do {
                for step in middleware { try await step(socket) }
            } catch let error as ConnectError {
                refusal = error
            } catch {
                refusal = ConnectError("Internal server error")
                visit.namespace.hub?.report(
                    HandlerFailure(
                        namespace: visit.namespace.name, socketID: socket.id, event: "middleware",
                        error: error))
            }
            onLoop { [refusal] shard, now in
                guard let client = shard.client(sid) else {
                    return shard.server.registry.leave(visit.namespace)
                }
                client.judged(visit, socket, refusal: refusal, at: now)
            }
        }
    }

    private func judged(_ visit: Visit, _ socket: Socket, refusal: ConnectError?, at now: Instant) {
        // The client may have left meanwhile, and may have come again with another request.
        guard !isEnded, let index = joining.firstIndex(where: { $0.number == visit.joins }) else {
            return shard.server.registry.leave(visit.namespace)
        }
        joining.remove(at: index)
        if let refusal {
            shard.server.registry.leave(visit.namespace)
            sendRefusal(refusal, namespace: visit.namespace.name, at: now)
        } else {
            admit(visit, socket, at: now)
        }
        settle(at: now)
    }

    /// Lets a client in: what it has missed, then the answer to its CONNECT, then what is read and said there.
    private func admit(_ visit: Visit, _ socket: Socket?, at now: Instant) {
        let namespace = visit.namespace
        joined(namespace, at: now)
        let identity = visit.identity
        join(visit, socket, at: now)
        // The middleware may have taken its time, and more was said meanwhile.
        let later = socket.flatMap { namespace.recovery?.missed(by: $0) } ?? []
        for broadcast in visit.missed + later {
            for packet in broadcast.packets(for: form) { queue(packet, at: now) }
        }
        sendConnected(identity, namespace: namespace, at: now)
        if let socket, !isEnded {
            // Those it was in before, and those the middleware has put it into.
            let rooms = socket.rooms
            if !rooms.isEmpty { shard.rooms(rooms, of: socket, areJoined: true) }
            socket.begin()
        }
    }

    /// Joins, and begins the namespace's reading behind the cursor.
    private func join(_ visit: Visit, _ socket: Socket?, at now: Instant) {
        let namespace = visit.namespace
        guard !isEnded else { return shard.server.registry.leave(namespace) }
        let local = shard.local(namespace)
        let slot = local.add(self)
        // In a cluster other nodes may name any socket by its id.
        if socket != nil || namespace.hub?.adapter != nil { local.name(self, visit.identity.id) }
        var membership = Membership(local: local, joins: visit.joins, slot: slot, socket: socket)
        if visit.isBack, socket == nil { membership.identity = ReaderIdentity(visit.identity) }
        if let feed = namespace.feed {
            let start = feed.begin(after: visit.cursor, at: now)
            membership.reader = FeedReader(start.place)
            membership.frames = frames(of: feed, namespace: namespace.name)
            shard.readers += 1
        }
        memberships.append(membership)
    }

    /// The socket of a membership, made at its first use.
    func socket(at index: Int) -> Socket {
        if let socket = memberships[index].socket { return socket }
        let local = memberships[index].local
        let socket = Socket(
            identity(of: memberships[index]), namespace: local.namespace, client: self,
            handshake: Handshake(of: self, auth: nil, namespaceQuery: ""), transport: transportName)
        memberships[index].socket = socket
        local.name(self, socket.id)
        socket.begin()
        return socket
    }

    private func identity(of membership: Membership) -> Identity {
        membership.identity?.identity ?? identity(in: membership.local.namespace, joins: membership.joins)
    }

    func leave(_ index: Int, _ reason: CloseReason, at now: Instant) {
        let membership = memberships.remove(at: index)
        let namespace = membership.local.namespace
        membership.local.remove(
            self, at: membership.slot, id: membership.socket?.id ?? self.identity(of: membership).id,
            rooms: membership.socket?.foundRooms ?? [])
        shard.closeIfEmpty(membership.local)
        shard.server.registry.leave(namespace)
        if membership.frames != nil { shard.readers -= 1 }
        guard let socket = membership.socket else { return }
        if let recovery = namespace.recovery, let pid = socket.pid, reason.isRecoverable {
            recovery.keep(socket.person, pid: pid, at: now)
        }
        socket.left(reason)
    }

    func leaveAll(_ reason: CloseReason, at now: Instant) {
        joining = []
        while !memberships.isEmpty { leave(memberships.count - 1, reason, at: now) }
    }

    /// The application ends a stay, and with it the connection if it says so.
    func disconnect(from namespace: String, closes: Bool, at now: Instant) {
        guard let index = membership(of: namespace) else { return }
        leave(index, .serverNamespaceDisconnect, at: now)
        sendDisconnect(namespace: namespace, at: now)
        if closes { close(.forcedServerClose, at: now) }
        settle(at: now)
    }

    /// The shared frames of a feed, in the form this client reads.
    func frames(of feed: any Feed, namespace: String) -> FrameCache {
        let make = frameMaker(namespace: namespace)
        return shard.frames("\(feedForm) \(namespace)", of: feed) { make(feed.event(at: $0)) }
    }
}

/// One client's way into one namespace.
struct Visit: Sendable {
    let namespace: Namespace
    let joins: UInt32
    var identity: Identity
    /// Where its reading goes on.
    var cursor: String?
    var missed: [Broadcast] = []

    var isBack: Bool { identity.isRecovered }

    init(namespace: Namespace, joins: UInt32, identity: Identity, cursor: String?) {
        self.namespace = namespace
        self.joins = joins
        self.identity = identity
        self.cursor = cursor
    }

    /// What a client says of an earlier connection.
    mutating func recognise(_ auth: JSON?, at now: Instant) {
        guard let offset = auth?["offset"]?.string else { return }
        cursor = offset
        guard let pid = auth?["pid"]?.string, SessionID.place(of: pid) != nil else { return }
        // A reader is recognised by its cursor alone: any node can give it its old id.
        if let feed = namespace.feed, feed.begin(after: offset, at: now).isCursorValid {
            identity = Identity(id: SessionID.publicID(for: pid), pid: pid, isRecovered: true)
        }
        guard let back = namespace.recovery?.takeBack(pid: pid, offset: offset, at: now) else { return }
        identity = Identity(
            id: back.person.id, pid: pid, isRecovered: true, rooms: back.person.rooms,
            data: back.person.data, sequence: back.sequence)
        missed = back.missed
    }
}

extension CloseReason {
    /// Whether a client may come back to what it left: not when either side meant to part.
    ///
    /// - Source: socket.io `lib/socket.ts`, `RECOVERABLE_DISCONNECT_REASONS`.
    var isRecoverable: Bool {
        switch self {
        case .transportClose, .transportError, .pingTimeout, .forcedServerClose, .serverShuttingDown: true
        case .parseError, .clientNamespaceDisconnect, .serverNamespaceDisconnect: false
        }
    }
}

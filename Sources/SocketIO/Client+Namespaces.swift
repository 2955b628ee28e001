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
        let visit = Visit(
            namespace: namespace, joins: joins, auth: auth, query: query,
            identity: identity(in: namespace, joins: joins), cursor: auth?["offset"]?.string ?? cursor)
        guard let recovery = namespace.recovery, recovery.wantsHeads else { return arrive(visit, at: now) }
        wait(visit)
        Task { [sid, onLoop = shard.onLoop] in
            await recovery.learnHeads()
            onLoop { shard, now in
                guard let client = shard.waiting(visit, sid) else { return }
                client.arrive(visit, at: now)
                client.settle(at: now)
            }
        }
    }

    private func arrive(_ visit: Visit, at now: Instant) {
        var visit = visit
        if let claim = RecoveryLog.Claim(visit.auth) {
            let namespace = visit.namespace
            if let recovery = namespace.recovery { return recognise(visit, claim, by: recovery, at: now) }
            visit.recogniseReader(claim, at: now)
        }
        knock(visit, at: now)
    }

    /// A client says that it was here before.
    private func recognise(_ visit: Visit, _ claim: RecoveryLog.Claim, by log: RecoveryLog, at now: Instant) {
        var claim = claim
        switch log.find(&claim, at: now) {
        case .nobody: knock(visit, at: now)
        case .back(let back): goOn(visit, from: back, by: log, at: now)
        case .here(let earlier):
            // Its client knows better: that connection is dead, and the server has not noticed. It is ended where it
            // lives, which leaves what is to be taken over; then it is asked for again, because others may have too.
            wait(visit)
            earlier.onLoop { [sid, claim, onLoop = shard.onLoop] shard, now in
                shard.end(connectionOf: earlier, at: now)
                onLoop { shard, now in
                    guard let client = shard.waiting(visit, sid) else { return }
                    client.recognise(visit, claim, by: log, at: now)
                    client.settle(at: now)
                }
            }
        case .elsewhere(let offset, let store):
            guard let hub = visit.namespace.hub else { return knock(visit, at: now) }
            wait(visit)
            Task { [sid, claim, onLoop = shard.onLoop] in
                let back = await log.fetch(claim, offset, from: store, by: hub)
                onLoop { shard, now in
                    guard let client = shard.waiting(visit, sid) else {
                        return back.map { log.giveBack($0) } ?? ()
                    }
                    if let back {
                        client.goOn(visit, from: back, by: log, at: now)
                    } else {
                        client.knock(visit, at: now)
                    }
                    client.settle(at: now)
                }
            }
        }
    }

    /// A client is back, unless it has missed so much that its queue would end it, now and whenever it comes again.
    /// Half of the queue is left to what is said meanwhile, and to other namespaces.
    private func goOn(_ visit: Visit, from back: RecoveryLog.Return, by log: RecoveryLog, at now: Instant) {
        var room = shard.server.settings.maxBuffered / 2
        for broadcast in back.missed where room >= 0 {
            for packet in broadcast.packets(for: form) { room -= packet.owedBytes }
        }
        var visit = visit
        if room >= 0 { visit.goOn(from: back, pid: back.claim.pid) } else { log.dismiss(back) }
        knock(visit, at: now)
    }

    /// A client is at the door, and it is known who it is.
    private func knock(_ visit: Visit, at now: Instant) {
        let namespace = visit.namespace
        let handlers = namespace.handlers
        guard namespace.recovery != nil || handlers.wantsEverySocket else {
            return admit(visit, nil, at: now)
        }
        let socket = Socket(
            visit.identity, namespace: namespace, client: self,
            handshake: Handshake(of: self, auth: visit.auth, namespaceQuery: visit.query),
            transport: transportName)
        // A reader names its place and its pid itself: that opens no door.
        let isLetIn = visit.isBack && namespace.recovery?.skipsMiddlewares == true
        if handlers.middleware.isEmpty || isLetIn { return admit(visit, socket, at: now) }
        wait(visit)
        judge(visit, socket, by: handlers.middleware)
    }

    private func wait(_ visit: Visit) {
        joining.append(Joining(name: visit.namespace.name, number: visit.joins))
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
                guard let client = shard.waiting(visit, sid) else { return }
                client.judged(visit, socket, refusal: refusal, at: now)
            }
        }
    }

    private func judged(_ visit: Visit, _ socket: Socket, refusal: ConnectError?, at now: Instant) {
        if let refusal {
            shard.turnAway(visit)
            sendRefusal(refusal, namespace: visit.namespace.name, at: now)
        } else {
            admit(visit, socket, at: now)
        }
        settle(at: now)
    }

    /// Lets a client in: what it has missed, then the answer to its CONNECT, then what is read and said there.
    private func admit(_ visit: Visit, _ socket: Socket?, at now: Instant) {
        let namespace = visit.namespace
        guard !isEnded else { return shard.turnAway(visit) }
        if let socket, let pid = socket.stay?.pid,
            namespace.recovery?.arrived(socket, pid: pid, back: visit.back) == false
        {
            // Its client has come once more, since this connection was dead.
            shard.turnAway(visit)
            return close(.transportClose, at: now)
        }
        joined(namespace, at: now)
        let identity = visit.identity
        join(visit, socket, at: now)
        // The middleware may have taken its time, and more was said meanwhile.
        let later = socket.flatMap { namespace.recovery?.missed(by: $0) } ?? []
        for broadcast in (visit.back?.missed ?? []) + later {
            for packet in broadcast.packets(for: form) { queue(packet, at: now) }
        }
        sendConnected(identity, namespace: namespace, at: now)
        if let socket, !isEnded {
            // Those it was in before, and those the middleware has put it into.
            let rooms = socket.rooms
            if !rooms.isEmpty { shard.rooms(rooms, of: socket, areJoined: true) }
            socket.begin(after: visit.back)
        }
    }

    /// Joins, and begins the namespace's reading behind the cursor.
    private func join(_ visit: Visit, _ socket: Socket?, at now: Instant) {
        let namespace = visit.namespace
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
        if membership.frames != nil { shard.readers -= 1 }
        // Behind what is remembered of the client: it may be the last one.
        defer { shard.server.registry.leave(namespace) }
        guard let socket = membership.socket else { return }
        if let pid = socket.stay?.pid {
            namespace.recovery?.left(socket, pid: pid, returns: reason.isRecoverable, at: now)
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

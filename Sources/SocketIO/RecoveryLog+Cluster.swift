internal import SocketIOCore
internal import Synchronization

/// Clients that come from other nodes.
extension RecoveryLog {
    /// An event of another node, once: it may have been read from the store before it came.
    func hear(
        _ event: [JSON], for selection: Selection, mark: EventMark, at now: Instant, send: (Broadcast) -> Void
    ) {
        state.withLock { state in
            let known = state.heard[mark.origin]?.number ?? 0
            guard mark.number > known || state.late.contains(mark.origin) else { return }
            state.heard[mark.origin] = (max(mark.number, known), now)
            if mark.number >= known { state.late.remove(mark.origin) }
            send(append(event, selection, mark, in: &state, at: now))
        }
    }

    /// Whether a client has to wait for ``learnHeads()``.
    var wantsHeads: Bool { store != nil && !state.withLock { $0.hasLearned } }

    /// What was said before this node was there was not for its clients. To be asked before the first of them comes. While
    /// the store is away clients do not wait for it; their offsets are this node's alone until it has answered.
    func learnHeads() async {
        let learning = state.withLock { state -> Task<Void, Never>? in
            guard !state.hasLearned, let store, let hub else { return nil }
            if state.learning == nil {
                state.learning = Task { [rests = state.rests] in
                    let heads = await store.heads(in: self.name)
                    self.learn(heads, besides: store.origin, rests: rests, at: hub.now)
                }
            }
            return state.learning
        }
        await learning?.value
    }

    private func learn(_ heads: [String: UInt64]?, besides origin: String, rests: Int, at now: Instant) {
        state.withLock { state in
            guard state.rests == rests else { return }
            state.learning = nil
            guard let heads else { return }
            state.hasLearned = true
            for (node, number) in heads where node != origin && state.heard[node] == nil {
                state.heard[node] = (number, now)
                if !state.here.isEmpty { state.late.insert(node) }
            }
        }
    }

    /// Nobody is in the namespace on this node any more, so that it will hear nothing of the others: from here on the store
    /// alone knows what its clients have missed. Only the numbers go on when it comes into being again.
    func rest() {
        state.withLock { state in
            state.entries = []
            state.away = [:]
            state.leavers = []
            state.heard = [:]
            state.late = []
            state.hasLearned = false
            state.learning = nil
            state.rests += 1
        }
    }

    /// A node that has been silent for long has nothing in the store, and begins a new chain there.
    func forgetSilentNodes(in state: inout State, at now: Instant) {
        let span = settings.maxDisconnectionDuration * 3
        if state.heard.contains(where: { $0.value.at + span < now }) {
            state.heard = state.heard.filter { $0.value.at + span >= now }
        }
        // An offset has no room for more; every start is a new node.
        while state.heard.count >= RecoveryOffset.maxNodes,
            let silent = state.heard.min(by: { $0.value.at < $1.value.at })?.key
        {
            state.heard[silent] = nil
        }
    }

    /// Rooms or data of a client have changed. Handlers of a socket that is over may do that as well.
    func changed(_ socket: Socket, pid: String) {
        state.withLock { state in
            guard (state.here[pid]?.socket ?? state.away[pid]?.socket) === socket else { return }
            store?.keep(socket.person.session, pid: pid, isNew: false, in: name, within: settings)
        }
    }

    /// Another node has taken a client over. Its connection here is dead.
    func taken(pid: String) {
        let socket = state.withLock { state in
            state.away[pid] = nil
            // Somebody who was away here and is not yet let in. Who was fetched is here since that was said.
            if state.claimed[pid]?.absence != nil { state.claimed[pid] = nil }
            return state.here.removeValue(forKey: pid)?.socket
        }
        guard let socket else { return }
        socket.onLoop { shard, now in shard.end(connectionOf: socket, at: now) }
    }

    /// Asks the store for a client, and for what it has missed.
    func fetch(
        _ claim: Claim, _ offset: RecoveryOffset, from store: any RecoveryStore, by hub: Hub
    ) async -> Return? {
        // All that is kept would be news to this node.
        guard !wantsHeads else { return nil }
        // Longer than the store gives those who have taken it, and less and less often.
        var pause = 50
        for _ in 0..<16 {
            switch await store.take(pid: claim.pid, in: name) {
            case .unknown: return nil
            case .busy:
                try? await Task.sleep(for: .milliseconds(pause))
                pause = min(pause * 2, 800)
            case .found(let session):
                let start = start(for: offset, origin: store.origin)
                let events = await store.events(after: start, in: name, within: settings)
                return events.map { goOn(session, $0, claim, offset, origin: store.origin, by: hub) }
            }
        }
        return nil
    }

    /// From where on events are asked for: what the client has heard, or this node if that is less. It may have heard at
    /// its old node what is still under way to this one; that must neither come twice to it nor be skipped for others.
    private func start(for offset: RecoveryOffset, origin: String) -> [String: UInt64] {
        let known = state.withLock { $0.heard }
        var start = offset.all
        for (node, number) in start where node != origin {
            start[node] = min(number, known[node]?.number ?? 0)
        }
        return start
    }

    private func goOn(
        _ session: RecoverableSession, _ events: [RecoverableEvent], _ claim: Claim, _ offset: RecoveryOffset,
        origin: String, by hub: Hub
    ) -> Return {
        let now = hub.now
        return state.withLock { state in
            // What other nodes have said and this one has not heard: it was lost on its way, or is still under way and
            // will be known when it comes. So the offsets of this node say no more than its clients have been sent.
            for event in events where event.mark.origin != origin {
                guard event.mark.number > state.heard[event.mark.origin]?.number ?? 0 else { continue }
                state.heard[event.mark.origin] = (event.mark.number, now)
                state.late.remove(event.mark.origin)
                let selection = event.selection
                let broadcast = append(event.event, selection, event.mark, in: &state, at: now)
                hub.everywhere { shard, now in shard.deliver(broadcast, to: selection, at: now) }
            }
            let rooms = session.rooms.union([session.id])
            var heard = offset.all
            var missed: [Broadcast] = []
            func add(_ event: [JSON], _ selection: Selection, _ mark: EventMark) {
                guard mark.number > heard[mark.origin] ?? 0 else { return }
                heard[mark.origin] = mark.number
                guard selection.means(rooms) else { return }
                let others = heard.filter { $0.key != origin }
                let place = RecoveryOffset(origin: origin, number: heard[origin] ?? 0, heard: others)
                let stamp = Broadcast.Stamp(sequence: state.nextSequence - 1, offset: place.text)
                missed.append(Broadcast(event, namespace: name, stamp: stamp))
            }
            for event in events { add(event.event, event.selection, event.mark) }
            // And what has come since the store was asked.
            for entry in state.entries {
                if let mark = entry.mark { add(entry.broadcast.event, entry.selection, mark) }
            }
            state.away[claim.pid] = nil
            state.claimed[claim.pid] = (nil, claim.number)
            let person = Person(id: session.id, rooms: session.rooms, data: session.data)
            return Return(
                earlier: nil, person: person, missed: missed, sequence: state.nextSequence - 1, heard: heard,
                claim: claim)
        }
    }
}

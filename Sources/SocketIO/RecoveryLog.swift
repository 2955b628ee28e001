internal import SocketIOCore
internal import Synchronization

/// Connection state recovery: a client that comes back in time finds its id, its rooms and its data again, and hears
/// what it has missed.
///
/// A client may know of its loss before the server does. Then its old connection ends with "transport close" when it
/// comes back, and its old socket's handlers return before those of the new one begin.
///
/// Clients that know of it are those in JavaScript since 4.6. Others of Socket.IO 3 and 4 see the offset that stands
/// behind every event that can be recovered: their handlers get one argument more.
///
/// - Source: Socket.IO 4, "Connection state recovery".
public struct RecoverySettings: Sendable {
    /// How long a client may be away, and how long events are kept. Socket.IO: "maxDisconnectionDuration".
    public var maxDisconnectionDuration: Duration = .seconds(120)
    /// Whether a client that is recovered is let in without asking the middleware again.
    public var skipMiddlewares = true
    /// Events kept in each namespace; a client that has missed more starts afresh. So does one that has missed more bytes
    /// than half of ``Settings/maxBuffered``. In a cluster those of all nodes count, and those for one client too.
    public var maxEvents = 10_000
    /// Clients remembered in each namespace; of more the one that left first is forgotten.
    public var maxClients = 10_000

    /// The defaults, which are Socket.IO's where it has them.
    public init() {}
}

/// The events of one namespace that can be heard again, and the clients that may come for them.
///
/// Every event is recorded and sent to the event loops under one lock, so that all clients hear them in the order of
/// their offsets: whoever has heard one has heard all before it.
///
/// In a cluster whose adapter has a ``RecoveryStore`` a client may come from another node: see `RecoveryOffset`.
///
/// - Limits: ``RecoverySettings``. Offsets are opaque texts.
final class RecoveryLog: Sendable {
    struct Entry {
        let broadcast: Broadcast
        let selection: Selection
        let at: Instant
        /// Which event of which node; nil for what no other node has heard of under this name.
        let mark: EventMark?

        var sequence: UInt64 { broadcast.stamp?.sequence ?? 0 }
    }

    struct Person: Equatable, Sendable {
        let id: String
        let rooms: Set<String>
        let data: [String: JSON]

        var session: RecoverableSession { RecoverableSession(id: id, rooms: rooms, data: data) }
    }

    /// Someone who is back.
    struct Return: Sendable {
        /// What the client was here until then. Its handlers may still be at work.
        let earlier: Socket?
        let person: Person
        let missed: [Broadcast]
        /// What is recorded up to here is in `missed`, or was heard before; deliveries of it still under way are not
        /// for this client.
        let sequence: UInt64
        /// The last event of every node that was heard or is in `missed`, for who comes from another node: Redis may
        /// be slower than the client, and bring later what it knows.
        var heard: [String: UInt64] = [:]
        let claim: Claim
    }

    /// What a client says of an earlier connection.
    struct Claim: Sendable {
        let pid: String
        let offset: String
        /// Grows from claim to claim: of two for one pid the later one holds, since a client comes again when its last
        /// attempt came to nothing.
        var number: UInt64 = 0

        init?(_ auth: JSON?) {
            guard let offset = auth?["offset"]?.string, let pid = auth?["pid"]?.string,
                SessionID.place(of: pid) != nil
            else { return nil }
            self.pid = pid
            self.offset = offset
        }
    }

    /// Who makes a claim.
    enum Claimant {
        /// A stranger, too late, or with an offset that is not kept.
        case nobody
        case back(Return)
        /// Its connection is still open here, as far as the server knows: this is to end first.
        case here(Socket)
        /// Perhaps known to the other nodes.
        case elsewhere(RecoveryOffset, any RecoveryStore)
    }

    struct Absence {
        let socket: Socket
        let until: Instant
    }

    struct State {
        var entries: ArraySlice<Entry> = []
        var nextSequence: UInt64
        var here: [String: (socket: Socket, claim: UInt64)] = [:]
        var away: [String: Absence] = [:]
        /// Those who are back and not yet let in.
        var claimed: [String: (absence: Absence?, claim: UInt64)] = [:]
        var claims: UInt64 = 0
        /// In the order they left; some may have come back.
        var leavers: ArraySlice<(pid: String, until: Instant)> = []
        /// The last event of every other node, and when it came.
        var heard: [String: (number: UInt64, at: Instant)] = [:]
        /// Nodes whose place was learned while clients were here already: what leads to it may still be under way.
        var late: Set<String> = []
        /// It is known where the other nodes were when this one's first client came.
        var hasLearned = false
        var learning: Task<Void, Never>?
        var rests = 0
        /// The last event of this node that was given to the store.
        var lastKept: UInt64 = 0
    }

    let settings: RecoverySettings
    let name: String
    let state: Mutex<State>
    let hub: Hub?

    var skipsMiddlewares: Bool { settings.skipMiddlewares }
    /// What the nodes remember together; nil: this one remembers for itself.
    var store: (any RecoveryStore)? { hub?.adapter?.recovery }

    init(_ settings: RecoverySettings, namespace name: String, hub: Hub?) {
        self.settings = settings
        self.name = name
        self.hub = hub
        // Seven digits of base 64, as the reference's, and from a place that another process does not begin at.
        state = Mutex(State(nextSequence: .random(in: 1 << 38..<1 << 41)))
    }

    /// Gives an event its offset, keeps it, and sends it, all before the next one.
    ///
    /// - Parameter isShared: others may hear of it as an event of this node.
    func record(
        _ event: [JSON], for selection: Selection, at now: Instant, isShared: Bool,
        send: (Broadcast, EventMark?) -> Void
    ) {
        let store = isShared ? store : nil
        state.withLock { state in
            let mark = store.map { EventMark(origin: $0.origin, number: state.nextSequence) }
            let broadcast = append(event, selection, mark, in: &state, at: now)
            if let store, let mark {
                let previous = state.lastKept
                state.lastKept = mark.number
                store.record(
                    RecoverableEvent(mark: mark, previous: previous, selection: selection, event: event),
                    in: name, within: settings)
            }
            send(broadcast, mark)
        }
    }

    func append(
        _ event: [JSON], _ selection: Selection, _ mark: EventMark?, in state: inout State, at now: Instant
    ) -> Broadcast {
        let sequence = state.nextSequence
        forgetSilentNodes(in: &state, at: now)
        // Without the places of the others it says nothing to them.
        let origin = state.hasLearned ? store?.origin : nil
        let offset = RecoveryOffset(
            origin: origin, number: sequence, heard: state.heard.mapValues { $0.number })
        state.nextSequence += 1
        let broadcast = Broadcast(
            event, namespace: name,
            stamp: Broadcast.Stamp(sequence: sequence, offset: offset.text, mark: mark))
        state.entries.append(Entry(broadcast: broadcast, selection: selection, at: now, mark: mark))
        forget(in: &state, at: now)
        return broadcast
    }

    func forget(in state: inout State, at now: Instant) {
        while let oldest = state.entries.first,
            state.entries.count > settings.maxEvents || oldest.at + settings.maxDisconnectionDuration < now
        {
            state.entries.removeFirst()
        }
        forgetSilentNodes(in: &state, at: now)
        while let oldest = state.leavers.first {
            // One that has come back, or has come and gone since then, is no longer this leaver.
            let isThere = state.away[oldest.pid]?.until == oldest.until
            guard state.leavers.count > settings.maxClients || oldest.until < now || !isThere else { return }
            state.leavers.removeFirst()
            if isThere { state.away[oldest.pid] = nil }
        }
    }

    /// A client comes in; a pid is one client's at a time.
    ///
    /// - Returns: false when it has come once more meanwhile.
    func arrived(_ socket: Socket, pid: String, back: Return?) -> Bool {
        let (isIn, replaced) = state.withLock { state -> (Bool, Socket?) in
            if let back {
                guard state.claimed[pid]?.claim == back.claim.number else { return (false, nil) }
                state.claimed[pid] = nil
            }
            let replaced = state.here[pid]?.socket
            state.here[pid] = (socket, back?.claim.number ?? 0)
            store?.keep(socket.person.session, pid: pid, isNew: true, in: name, within: settings)
            return (true, replaced)
        }
        // It came in while this one asked the store, which gave it away once more.
        replaced?.onLoop { shard, now in
            if let replaced { shard.end(connectionOf: replaced, at: now) }
        }
        return isIn
    }

    /// A client is gone.
    ///
    /// - Parameter returns: it may come back.
    func left(_ socket: Socket, pid: String, returns: Bool, at now: Instant) {
        state.withLock { state in
            guard state.here[pid]?.socket === socket else { return }
            state.here[pid] = nil
            // Told in here: whoever finds it away may keep it in the next moment, and has to be heard last.
            store?.left(returns ? socket.person.session : nil, pid: pid, in: name, within: settings)
            guard returns else { return }
            keep(Absence(socket: socket, until: now + settings.maxDisconnectionDuration), pid, in: &state)
            forget(in: &state, at: now)
        }
    }

    private func keep(_ absence: Absence, _ pid: String, in state: inout State) {
        state.away[pid] = absence
        state.leavers.append((pid, absence.until))
    }

    /// Who it is, and from here on nobody else: a pid opens once. What is found must arrive, or be given back.
    func find(_ claim: inout Claim, at now: Instant) -> Claimant {
        state.withLock { state in
            forget(in: &state, at: now)
            if claim.number == 0 {
                state.claims += 1
                claim.number = state.claims
            }
            guard let offset = RecoveryOffset(claim.offset) else { return .nobody }
            let store = offset.origin == nil ? nil : self.store
            let unknown = store.map { Claimant.elsewhere(offset, $0) } ?? .nobody
            let heard = offset.origin == store?.origin ? index(of: offset.number, in: state.entries) : nil
            if let (socket, other) = state.here[claim.pid], heard != nil || store != nil {
                return other < claim.number ? .here(socket) : .nobody
            }
            if let (_, other) = state.claimed[claim.pid], other > claim.number { return .nobody }
            guard let heard, let absence = state.away[claim.pid] ?? state.claimed[claim.pid]?.absence,
                absence.until >= now
            else { return unknown }
            // It came from another node, and did not hear all that it had missed there: of that the store knows more.
            if store != nil, absence.socket.stay?.isBehind(offset.number) == true { return unknown }
            state.away[claim.pid] = nil
            state.claimed[claim.pid] = (absence, claim.number)
            let person = absence.socket.person
            let rooms = person.rooms.union([person.id])
            let missed = state.entries[(heard + 1)...].filter {
                $0.selection.means(rooms) && !offset.hasHeard($0.mark)
            }
            return .back(
                Return(
                    earlier: absence.socket, person: person, missed: missed.map(\.broadcast),
                    sequence: state.nextSequence - 1, claim: claim))
        }
    }

    /// Someone who was back has gone again before it was let in.
    func giveBack(_ back: Return) {
        let pid = back.claim.pid
        let isStored = state.withLock { state in
            guard let (absence, number) = state.claimed[pid], number == back.claim.number else {
                return false
            }
            state.claimed[pid] = nil
            if let absence { keep(absence, pid, in: &state) }
            return absence == nil
        }
        guard isStored, let store else { return }
        store.keep(back.person.session, pid: pid, isNew: true, in: name, within: settings)
        store.left(back.person.session, pid: pid, in: name, within: settings)
    }

    /// Someone who was back has missed more than can be sent to it. It would miss as much the next time.
    func dismiss(_ back: Return) {
        let pid = back.claim.pid
        let claimed = state.withLock { state -> (absence: Absence?, claim: UInt64)? in
            guard let claimed = state.claimed[pid], claimed.claim == back.claim.number else { return nil }
            state.claimed[pid] = nil
            return claimed
        }
        guard let claimed, let store else { return }
        // What was taken from the store is nobody's there until it is kept.
        if claimed.absence == nil {
            store.keep(back.person.session, pid: pid, isNew: true, in: name, within: settings)
        }
        store.left(nil, pid: pid, in: name, within: settings)
    }

    /// What else was meant for someone who is back, since it was taken back; from here on it hears for itself.
    func missed(by socket: Socket) -> [Broadcast] {
        guard socket.isRecovered, let stay = socket.stay else { return [] }
        let known = stay.heardUpTo.load(ordering: .relaxed)
        return state.withLock { state in
            stay.heardUpTo.store(state.nextSequence - 1, ordering: .relaxed)
            let rooms = socket.rooms.union([socket.id])
            return state.entries.filter {
                $0.sequence > known && $0.selection.means(rooms) && !stay.hasHeard($0.mark)
            }.map(\.broadcast)
        }
    }

    /// Entries follow each other without a gap, so a number says where its entry is.
    private func index(of number: UInt64, in entries: ArraySlice<Entry>) -> Int? {
        guard let first = entries.first?.sequence, number >= first, number - first < UInt64(entries.count)
        else { return nil }
        return entries.startIndex + Int(number - first)
    }
}

extension RecoveryOffset {
    /// An event of another node that this node had not heard, and its client had.
    func hasHeard(_ mark: EventMark?) -> Bool {
        mark.map { $0.number <= heard[$0.origin] ?? 0 } ?? false
    }
}

extension Selection {
    /// Whether a socket in these rooms, its own among them, is meant.
    func means(_ inRooms: Set<String>) -> Bool {
        (rooms.isEmpty || !rooms.isDisjoint(with: inRooms)) && except.isDisjoint(with: inRooms)
    }
}

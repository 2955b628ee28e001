internal import SocketIOCore
internal import Synchronization

/// Connection state recovery: a client that comes back in time finds its id, its rooms and its data again, and hears
/// what it has missed.
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
    /// Events kept in each namespace; a client that has missed more starts afresh.
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
/// - Limits: ``RecoverySettings``. Offsets are opaque texts that grow; those of another process mean nothing here.
final class RecoveryLog: Sendable {
    private struct Entry {
        let broadcast: Broadcast
        let selection: Selection
        let at: Instant
    }

    struct Person: Equatable, Sendable {
        let id: String
        let rooms: Set<String>
        let data: [String: JSON]
    }

    /// Someone who is back.
    struct Return: Sendable {
        let person: Person
        let missed: [Broadcast]
        /// What is recorded up to here is in `missed`, or was heard before; deliveries of it still under way are not
        /// for this client.
        let sequence: UInt64
    }

    private struct State {
        var entries: ArraySlice<Entry> = []
        var nextSequence: UInt64
        var away: [String: (person: Person, until: Instant)] = [:]
        /// In the order they left; some may have come back.
        var leavers: ArraySlice<(pid: String, until: Instant)> = []
    }

    private let settings: RecoverySettings
    private let state: Mutex<State>

    var skipsMiddlewares: Bool { settings.skipMiddlewares }

    init(_ settings: RecoverySettings) {
        self.settings = settings
        // Seven digits of base 64, as the reference's, and from a place that another process does not begin at.
        state = Mutex(State(nextSequence: .random(in: 1 << 38..<1 << 41)))
    }

    /// Gives an event its offset, keeps it, and sends it, all before the next one.
    func record(
        _ event: [JSON], for selection: Selection, in namespace: String, at now: Instant,
        send: (Broadcast) -> Void
    ) {
        state.withLock { state in
            let stamp = Broadcast.Stamp(
                sequence: state.nextSequence, offset: Self.offset(state.nextSequence))
            state.nextSequence += 1
            let broadcast = Broadcast(event, namespace: namespace, stamp: stamp)
            state.entries.append(Entry(broadcast: broadcast, selection: selection, at: now))
            forget(in: &state, at: now)
            send(broadcast)
        }
    }

    private func forget(in state: inout State, at now: Instant) {
        while let oldest = state.entries.first,
            state.entries.count > settings.maxEvents || oldest.at + settings.maxDisconnectionDuration < now
        {
            state.entries.removeFirst()
        }
        while let oldest = state.leavers.first {
            // One that has come back, or has come and gone since then, is no longer this leaver.
            let isThere = state.away[oldest.pid]?.until == oldest.until
            guard state.leavers.count > settings.maxClients || oldest.until < now || !isThere else { return }
            state.leavers.removeFirst()
            if isThere { state.away[oldest.pid] = nil }
        }
    }

    /// A client is gone and may come back.
    func keep(_ person: Person, pid: String, at now: Instant) {
        state.withLock { state in
            let until = now + settings.maxDisconnectionDuration
            state.away[pid] = (person, until)
            state.leavers.append((pid, until))
            forget(in: &state, at: now)
        }
    }

    /// Nil: a stranger, too late, or with an offset that is not kept. A pid opens once: a second client with it is a
    /// stranger.
    func takeBack(pid: String, offset: String, at now: Instant) -> Return? {
        state.withLock { state in
            forget(in: &state, at: now)
            guard let (person, until) = state.away[pid], until >= now,
                let heard = Self.index(of: offset, in: state.entries)
            else { return nil }
            state.away[pid] = nil
            let rooms = person.rooms.union([person.id])
            let missed = state.entries[(heard + 1)...].filter { $0.selection.means(rooms) }
            return Return(
                person: person, missed: missed.map(\.broadcast), sequence: state.nextSequence - 1)
        }
    }

    /// What else was meant for someone who is back, since it was taken back; from here on it hears for itself.
    func missed(by socket: Socket) -> [Broadcast] {
        guard socket.isRecovered else { return [] }
        let known = socket.heardUpTo.load(ordering: .relaxed)
        return state.withLock { state in
            socket.heardUpTo.store(state.nextSequence - 1, ordering: .relaxed)
            let rooms = socket.rooms.union([socket.id])
            return state.entries.filter {
                ($0.broadcast.stamp?.sequence ?? 0) > known && $0.selection.means(rooms)
            }.map(\.broadcast)
        }
    }

    /// Entries follow each other without a gap, so an offset says where its entry is.
    private static func index(of offset: String, in entries: ArraySlice<Entry>) -> Int? {
        guard let first = entries.first?.broadcast.stamp?.sequence, let number = number(offset),
            number >= first, number - first < UInt64(entries.count)
        else { return nil }
        return entries.startIndex + Int(number - first)
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func offset(_ number: UInt64) -> String {
        let places = stride(from: 36, through: 0, by: -6).map { digits[Int(number >> UInt64($0) & 63)] }
        return String(decoding: places, as: UTF8.self)
    }

    private static func number(_ offset: String) -> UInt64? {
        guard offset.utf8.count == 7 else { return nil }
        var number: UInt64 = 0
        for digit in offset.utf8 {
            guard let value = digits.firstIndex(of: digit) else { return nil }
            number = number << 6 | UInt64(value)
        }
        return number
    }
}

extension Selection {
    /// Whether a socket in these rooms, its own among them, is meant.
    func means(_ inRooms: Set<String>) -> Bool {
        (rooms.isEmpty || !rooms.isDisjoint(with: inRooms)) && except.isDisjoint(with: inRooms)
    }
}

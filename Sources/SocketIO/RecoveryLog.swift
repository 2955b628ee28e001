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
        /// What the client was until then. Its handlers may still be at work.
        let earlier: Socket
        let person: Person
        let missed: [Broadcast]
        /// What is recorded up to here is in `missed`, or was heard before; deliveries of it still under way are not
        /// for this client.
        let sequence: UInt64
        fileprivate let claim: Claim
    }

    /// What a client says of an earlier connection.
    struct Claim: Sendable {
        let pid: String
        let offset: String
        /// Grows from claim to claim: of two for one pid the later one holds, since a client comes again when its last
        /// attempt came to nothing.
        fileprivate var number: UInt64 = 0

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
    }

    private struct Absence {
        let socket: Socket
        let until: Instant
    }

    private struct State {
        var entries: ArraySlice<Entry> = []
        var nextSequence: UInt64
        var here: [String: (socket: Socket, claim: UInt64)] = [:]
        var away: [String: Absence] = [:]
        /// Those who are back and not yet let in.
        var claimed: [String: (absence: Absence, claim: UInt64)] = [:]
        var claims: UInt64 = 0
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

    /// A client comes in; a pid is one client's at a time.
    ///
    /// - Returns: false when it has come once more meanwhile.
    func arrived(_ socket: Socket, pid: String, back: Return?) -> Bool {
        state.withLock { state in
            if let back {
                guard state.claimed[pid]?.claim == back.claim.number else { return false }
                state.claimed[pid] = nil
            }
            state.here[pid] = (socket, back?.claim.number ?? 0)
            return true
        }
    }

    /// A client is gone.
    ///
    /// - Parameter returns: it may come back.
    func left(_ socket: Socket, pid: String, returns: Bool, at now: Instant) {
        state.withLock { state in
            guard state.here[pid]?.socket === socket else { return }
            state.here[pid] = nil
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
            guard let heard = Self.index(of: claim.offset, in: state.entries) else { return .nobody }
            if let (socket, other) = state.here[claim.pid] {
                return other < claim.number ? .here(socket) : .nobody
            }
            if let (_, other) = state.claimed[claim.pid], other > claim.number { return .nobody }
            guard let absence = state.away[claim.pid] ?? state.claimed[claim.pid]?.absence,
                absence.until >= now
            else { return .nobody }
            state.away[claim.pid] = nil
            state.claimed[claim.pid] = (absence, claim.number)
            let person = absence.socket.person
            let rooms = person.rooms.union([person.id])
            let missed = state.entries[(heard + 1)...].filter { $0.selection.means(rooms) }
            return .back(
                Return(
                    earlier: absence.socket, person: person, missed: missed.map(\.broadcast),
                    sequence: state.nextSequence - 1, claim: claim))
        }
    }

    /// Someone who was back has gone again before it was let in.
    func giveBack(_ back: Return) {
        state.withLock { state in
            let pid = back.claim.pid
            guard let (absence, number) = state.claimed[pid], number == back.claim.number else { return }
            state.claimed[pid] = nil
            keep(absence, pid, in: &state)
        }
    }

    /// What else was meant for someone who is back, since it was taken back; from here on it hears for itself.
    func missed(by socket: Socket) -> [Broadcast] {
        guard socket.isRecovered, let stay = socket.stay else { return [] }
        let known = stay.heardUpTo.load(ordering: .relaxed)
        return state.withLock { state in
            stay.heardUpTo.store(state.nextSequence - 1, ordering: .relaxed)
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

internal import Logging
internal import NIOCore
internal import SocketIO
internal import SocketIOCore
internal import Synchronization

/// One event loop's share of the server: its shard, its connections and its one timer.
///
/// Owner: its event loop. Everything here but `loop` and `index` is touched on that loop only.
final class Worker {
    enum Stage {
        case serving
        /// Everything is served as ever; who asks whether this server is ready hears that it is not.
        case leaving
        /// No new sessions; goodbyes are said one by one.
        case draining
        /// Whatever is still open ends with its next answer.
        case closing
    }

    let loop: any EventLoop
    let index: UInt8
    let settings: ListenerSettings
    let maxBody: Int
    let shared: Shared
    let logger: Logger
    let shard: Shard
    /// Nil: none is offered.
    let compression: SocketCompression?
    /// Each knows its place.
    private(set) var connections: [Connection] = []
    let decoders: RequestDecoders
    private lazy var watch = Watch(self)
    private var timer: Scheduled<Void>?
    private var timerAt = Instant.distantFuture
    private var date = ""
    private var dateSecond = 0
    private(set) var stage = Stage.serving
    /// The others, by loop; set once, before the first connection.
    var peers: Workers?
    /// The ways to other nodes, where there is a cluster.
    let relays: Relays?

    /// - Parameter entry: the way in for an application's tasks; opened once this worker can be reached.
    init(entry: LoopEntry, index: UInt8, server: Server, shared: Shared, logger: Logger) {
        loop = entry.loop
        self.index = index
        settings = shared.settings
        self.shared = shared
        self.logger = logger
        maxBody = server.settings.maxPayload
        decoders = RequestDecoders(maxHead: settings.maxHead, maxFields: settings.maxHeaderFields)
        compression = SocketCompression.make(settings)
        relays = server.nodes.map { Relays($0, on: entry.loop, settings: shared.settings) }
        var generator = SystemRandomNumberGenerator()
        shard = Shard(
            server: server, index: index, startingAt: Clock.now(), random: { generator.next() },
            onLoop: { work in entry.run(work) })
    }

    var totals: Totals {
        var totals = shard.totals
        totals.connections = connections.count
        if let relays {
            totals.relayed = relays.carried
            totals.relaysFailed = relays.failed
            totals.relayTunnels = relays.tunnels
        }
        totals.openFiles = shared.openFilesAtStart + shared.counters.openConnections
        totals.maxOpenFiles = OpenFiles.limit
        for connection in connections {
            if let transport = connection.delegate?.plainTransport {
                let kind = Metrics.Reader(dialect: "plain", transport: transport)
                totals.metrics.open[kind, default: 0] += 1
            }
            if !connection.isReady {
                totals.metrics.slowReaders += 1
                totals.metrics.bytesOwed += connection.owed
            }
        }
        totals.isDraining = stage != .serving
        return totals
    }

    /// `Date` of now, made at most once a second.
    func httpDate() -> String {
        let second = Clock.unixSeconds()
        if second != dateSecond {
            dateSecond = second
            date = Clock.httpDate(unixSeconds: second)
        }
        return date
    }

    // MARK: Time

    /// Everything that may touch the shard goes through here: it is told the time once, and the timer follows
    /// what has changed.
    func enter(_ body: (Instant) -> Void) {
        body(Clock.now())
        rearm()
    }

    private func rearm() {
        guard let wake = shard.nextWake, wake < timerAt else { return }
        timer?.cancel()
        timerAt = wake
        timer = loop.assumeIsolated().scheduleTask(deadline: Clock.deadline(wake)) { self.tick() }
    }

    private func tick() {
        timerAt = .distantFuture
        timer = nil
        // Bounded, so that sockets are served between two parts of a burst.
        let hasMore = shard.advance(to: Clock.now(), atMost: 1024)
        if hasMore {
            loop.assumeIsolated().execute { self.tick() }
        } else {
            rearm()
        }
    }

    /// A connection has this deadline: when it comes, all are looked through.
    ///
    /// - Why: of all timeouts next to none is ever reached, and a place on the wheel for each would keep a connection
    ///   that has long ended.
    func watch(until deadline: Instant) {
        guard deadline < watch.scheduled else { return }
        shard.arm(watch, at: max(deadline, watch.earliest))
        rearm()
    }

    fileprivate func endOverdue(at now: Instant) {
        var next = Instant.distantFuture
        var overdue: [Connection] = []
        for connection in connections {
            if connection.deadline <= now {
                overdue.append(connection)
            } else {
                next = min(next, connection.deadline)
            }
        }
        for connection in overdue { connection.deadlineReached(at: now) }
        watch(until: next)
    }

    /// Counts and logs a refusal. None of this is on a reader's way.
    func refused(_ note: RefusalNote, peer: String, _ answer: ArraySlice<UInt8> = []) {
        shard.metrics.refused(note.reason)
        shared.refusals.refused(
            note.reason, value: note.value, setting: note.setting, peer: peer,
            answer: String(decoding: answer.prefix(200), as: UTF8.self))
    }

    // MARK: Connections

    func add(_ connection: Connection) {
        connection.slot = Int32(connections.count)
        connections.append(connection)
        // A host's connection is not ours to end.
        if isClosing, !connection.isMounted { connection.abort() }
    }

    /// The last one takes its place.
    func remove(_ connection: Connection) {
        let slot = Int(connection.slot)
        guard slot >= 0 else { return }
        connection.slot = -1
        let last = connections.removeLast()
        guard last !== connection else { return }
        last.slot = Int32(slot)
        connections[slot] = last
    }

    var isClosing: Bool { stage == .closing }

    func announceLeaving() { stage = .leaving }

    /// Each exchange ends in its protocol's way at a moment of its own within `window`, so that they do not all come
    /// to another server at once.
    func beginDraining(over window: Duration) {
        stage = .draining
        enter { now in
            shard.beginDraining(over: window, at: now)
            for connection in connections where connection.delegate != nil {
                shard.arm(Goodbye(connection), at: shard.goodbye(at: now))
            }
        }
    }

    /// Ends every exchange that is left in its protocol's way; idle connections end at once.
    func drain() {
        stage = .closing
        enter { now in
            shard.drain(at: now)
            for connection in connections { connection.mustEnd(at: now) }
        }
    }

    func abortAll() {
        relays?.closeAll()
        for connection in connections { connection.abort() }
    }
}

/// When to look for connections whose time is over.
private final class Watch: Timed {
    private unowned let worker: Worker
    var scheduled = Instant.distantFuture
    /// Not more often than ten times a second, however many deadlines there are.
    private(set) var earliest = Instant(nanoseconds: 0)

    init(_ worker: Worker) { self.worker = worker }

    func deadlineReached(at now: Instant) {
        earliest = now + .milliseconds(100)
        worker.endOverdue(at: now)
    }
}

/// The moment of a connection's goodbye.
private final class Goodbye: Timed {
    private let connection: Connection
    var scheduled = Instant.distantFuture

    init(_ connection: Connection) { self.connection = connection }

    func deadlineReached(at now: Instant) { connection.mustEnd(at: now) }
}

/// The way from any task to a worker's shard.
///
/// Made before its worker, which it learns of once; then both are fixed.
final class LoopEntry: Sendable {
    let loop: any EventLoop
    private let worker = Mutex<NIOLoopBound<Worker>?>(nil)

    init(loop: any EventLoop) { self.loop = loop }

    func open(_ worker: NIOLoopBound<Worker>) { self.worker.withLock { $0 = worker } }

    func run(_ work: @escaping @Sendable (Shard, Instant) -> Void) {
        loop.execute { [worker = worker.withLock { $0 }] in
            guard let worker = worker?.value else { return }
            worker.enter { now in work(worker.shard, now) }
        }
    }
}

/// All workers of a listener. Reaching one of them means going to its loop.
///
/// Sendable although a worker is not: a worker is handed out on its own loop only, which `NIOLoopBound` checks.
struct Workers: Sendable {
    private let bound: [NIOLoopBound<Worker>]
    let loops: [any EventLoop]
    private let adapter: (any Adapter)?

    /// - Parameter bound: one a loop, in the order of the loops' indices.
    init(_ bound: [NIOLoopBound<Worker>], adapter: (any Adapter)?) {
        self.bound = bound
        self.adapter = adapter
        loops = bound.map(\.eventLoop)
    }

    var count: Int { bound.count }

    /// The worker of the loop this is called on.
    func current(on loop: any EventLoop) -> Worker {
        for candidate in bound where candidate.eventLoop === loop { return candidate.value }
        preconditionFailure("asked for a worker on a loop that has none")
    }

    func on(_ index: UInt8, _ body: @escaping @Sendable (Worker) -> Void) {
        let worker = bound[Int(index)]
        worker.eventLoop.execute { body(worker.value) }
    }

    func onEach(_ body: @escaping @Sendable (Worker) -> Void) {
        for index in bound.indices { on(UInt8(index), body) }
    }

    /// The sum over all loops, one hop to each, and what the adapter says of itself.
    func totals(on loop: any EventLoop) -> EventLoopFuture<Totals> {
        let parts = bound.map { worker in worker.eventLoop.submit { worker.value.totals } }
        return EventLoopFuture.reduce(Totals(), parts, on: loop, +).map { [adapter] sum in
            var totals = sum
            totals.cluster = adapter?.status
            return totals
        }
    }
}

package import NIOCore
internal import NIOPosix
internal import SocketIOCore
package import Synchronization

/// The edge of a ``RedisSession``: reads and writes its bytes, asks the clock, performs its actions.
///
/// - `@unchecked Sendable`: everything mutable is touched on `loop` only, which every method enters first or asserts.
package final class RedisConnection: @unchecked Sendable {
    /// What an owner hears, on the connection's loop.
    package struct Events: Sendable {
        package var message: @Sendable (_ channel: String, _ payload: [UInt8]) -> Void = { _, _ in }
        package var up: @Sendable (_ revision: Int) -> Void = { _ in }
        package var down: @Sendable (RedisFault) -> Void = { _ in }
        /// A command that nobody waits for.
        package var refused: @Sendable (_ reason: String) -> Void = { _ in }

        package init() {}
    }

    package let loop: any EventLoop
    private let address: RedisAddress
    private let events: Events
    private let connectTimeout: Duration
    private var session: RedisSession
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?
    private var timerDeadline = Instant.distantFuture
    /// Made for the first connection that needs it.
    private var tls: RedisTLS?
    private var replies: [Int: EventLoopPromise<RESPValue>] = [:]
    private var lastTicket = 0
    /// Behind it the loop may end, and nobody would answer.
    private let isStopped = Atomic(false)
    private var willFlush = false
    /// Counts attempts to connect, so that one given up is known when it succeeds late.
    private var attempt = 0

    package init(
        _ address: RedisAddress, role: RedisSession.Role, limits: RedisLimits = RedisLimits(),
        on loop: any EventLoop, events: Events = Events()
    ) {
        self.address = address
        self.loop = loop
        self.events = events
        connectTimeout = limits.connectTimeout
        session = RedisSession(address, role: role, limits: limits) { UInt64.random(in: .min ... .max) }
    }

    // MARK: From anywhere

    package func start() { onLoop { $0.session.start(at: $1) } }

    package func subscribe(_ name: String, isPattern: Bool = false) {
        onLoop { $0.session.subscribe(name, isPattern: isPattern, at: $1) }
    }

    package func unsubscribe(_ name: String, isPattern: Bool = false) {
        onLoop { connection, _ in connection.session.unsubscribe(name, isPattern: isPattern) }
    }

    /// Sends a command and forgets it. Commands of one caller keep their order.
    package func tell(_ words: [[UInt8]]) {
        onLoop { connection, now in
            connection.lastTicket += 1
            return connection.session.send(words, ticket: connection.lastTicket, at: now)
        }
    }

    /// - Throws: ``RedisFault``.
    package func ask(_ words: [[UInt8]], mayWait: Bool = false) async throws -> RESPValue {
        guard !isStopped.load(ordering: .relaxed) else { throw RedisFault.stopped }
        let promise = loop.makePromise(of: RESPValue.self)
        onLoop { connection, now in
            connection.lastTicket += 1
            connection.replies[connection.lastTicket] = promise
            return connection.session.send(
                words, ticket: connection.lastTicket, mayWait: mayWait, at: now)
        }
        return try await promise.futureResult.get()
    }

    package func ask(_ words: String..., mayWait: Bool = false) async throws -> RESPValue {
        try await ask(words.map { Array($0.utf8) }, mayWait: mayWait)
    }

    /// For metrics: as they were when the connection's loop last had to do with it.
    package struct Counts: Sendable {
        package var connections = 0
        package var waiting = 0
        /// Commands nobody waits for that were lost because too much waited.
        package var dropped = 0
        /// Those that were under way when the connection broke.
        package var unconfirmed = 0
    }

    package let counts = Mutex(Counts())

    /// Gives what was told before it a moment to leave; then nothing more is heard.
    package func stop() async {
        isStopped.store(true, ordering: .relaxed)
        try? await loop.submit { [self] in
            if willFlush { channel?.flush() }
            perform(session.stop())
        }.get()
    }

    // MARK: On the loop

    private func onLoop(_ step: @escaping @Sendable (RedisConnection, Instant) -> [RedisSession.Action]) {
        if loop.inEventLoop { return perform(step(self, .loopTime)) }
        loop.execute { [self] in perform(step(self, .loopTime)) }
    }

    private func perform(_ actions: [RedisSession.Action]) {
        loop.assertInEventLoop()
        for action in actions {
            switch action {
            case .connect: connect()
            case .write(let bytes): write(bytes)
            case .close: closeChannel()
            case .reply(let ticket, let result):
                if let reply = replies.removeValue(forKey: ticket) {
                    reply.completeWith(result.mapError { $0 })
                } else if case .failure(let fault) = result {
                    lost(fault)
                }
            case .message(let channel, let payload): events.message(channel, payload)
            case .up: events.up(session.revision)
            case .down(let fault): events.down(fault)
            }
        }
        counts.withLock { counts in
            counts.waiting = session.waitingCommands
            counts.connections = session.connections
        }
        arm()
    }

    private func lost(_ fault: RedisFault) {
        counts.withLock { counts in
            switch fault {
            case .queueFull: counts.dropped += 1
            case .connectionLost, .silent, .malformed: counts.unconfirmed += 1
            // Of its own making, or Redis' own refusal of one command.
            case .server, .unreachable, .refused, .away, .stopped: break
            }
        }
        if case .server(let reason) = fault { events.refused(reason) }
    }

    private func connect() {
        attempt += 1
        let attempt = attempt
        let handler = NIOLoopBound(RedisHandler(self, attempt: attempt), eventLoop: loop)
        let host = address.host
        do throws(RedisAddressError) {
            if address.isEncrypted, tls == nil { tls = try RedisTLS(address) }
        } catch {
            return perform(session.closed("\(error)", at: .loopTime))
        }
        let tls = tls.map { NIOLoopBound($0, eventLoop: loop) }
        ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(connectTimeout.wholeNanoseconds))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls?.value.secure(channel, host: host)
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .connect(host: host, port: address.port)
            .whenFailure { [self] error in
                guard attempt == self.attempt, channel == nil else { return }
                perform(session.closed(Self.reason(error), at: .loopTime))
            }
    }

    /// Why nobody could be connected to, in the system's words where there are any.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        guard let first = error.connectionErrors.first else { return "\(error.host) is not known" }
        return "\(first.error)"
    }

    private func write(_ bytes: [UInt8]) {
        guard let channel else { return }
        channel.write(channel.allocator.buffer(bytes: bytes), promise: nil)
        // One system call for all that is said in this turn of the loop.
        guard !willFlush else { return }
        willFlush = true
        loop.execute { [self] in
            willFlush = false
            self.channel?.flush()
        }
    }

    private func closeChannel() {
        attempt += 1
        channel?.close(mode: .all, promise: nil)
        channel = nil
    }

    private func arm() {
        let deadline = session.nextDeadline
        guard deadline != timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        guard deadline != .distantFuture else {
            timer = nil
            return
        }
        let moment = NIODeadline.uptimeNanoseconds(UInt64(clamping: deadline.nanoseconds))
        timer = loop.scheduleTask(deadline: moment) { [self] in
            timerDeadline = .distantFuture
            perform(session.deadlineReached(at: .loopTime))
        }
    }

    // MARK: From the handler

    fileprivate func opened(_ channel: any Channel, attempt: Int) {
        guard attempt == self.attempt, self.channel == nil else { return channel.close(promise: nil) }
        self.channel = channel
        perform(session.connected(at: .loopTime))
    }

    fileprivate func received(_ buffer: ByteBuffer, on channel: any Channel) {
        guard channel === self.channel else { return }
        perform(session.received(buffer.readableBytesView, at: .loopTime))
    }

    fileprivate func ended(_ channel: any Channel, _ error: (any Error)? = nil) {
        guard channel === self.channel else { return }
        self.channel = nil
        let reason = error.map { RedisTLS.words(for: $0, host: address.host) ?? "\($0)" }
        perform(session.closed(reason, at: .loopTime))
    }
}

/// The only handler of a connection to Redis; behind TLS where there is TLS.
private final class RedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let owner: RedisConnection

    private let attempt: Int

    init(_ owner: RedisConnection, attempt: Int) {
        self.owner = owner
        self.attempt = attempt
    }

    func channelActive(context: ChannelHandlerContext) { owner.opened(context.channel, attempt: attempt) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        owner.received(unwrapInboundIn(data), on: context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) { owner.ended(context.channel) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        owner.ended(context.channel, error)
        context.close(promise: nil)
    }
}

extension Instant {
    static var loopTime: Instant {
        Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}

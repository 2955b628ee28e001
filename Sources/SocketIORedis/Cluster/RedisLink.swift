internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SocketIOCore
internal import Synchronization

/// The two connections of a node to Redis, and what is known of them.
///
/// Two in both protocols: RESP2 wants it, and in RESP3 a subscriber that Redis drops because it reads too slowly takes
/// no commands with it.
final class RedisLink: Sendable {
    private struct State {
        var messages: @Sendable (String, [UInt8]) -> Void = { _, _ in }
        var commands = Half()
        var subscriber = Half()
        /// Who waits for the end of the first attempt to connect.
        var waiters: [CheckedContinuation<Void, Never>] = []
        var losses = 0
        var received = 0
        var isStarted = false
        var isStopped = false
    }

    private struct Half {
        var isUp = false
        /// Whether an attempt to connect has ended, one way or the other.
        var isTried: Bool { isUp || isMissed }
        /// The operator has been told that it is not; the attempts that follow are told at debug.
        var isMissed = false
        /// The operator has been told that a command was refused.
        var isRefused = false
    }

    let prefix: String
    let uid: String
    let commands: RedisConnection
    let subscriber: RedisConnection
    private let group: MultiThreadedEventLoopGroup
    private let state: StateBox

    /// Shared with the connections' events, which are older than the link.
    private final class StateBox: Sendable {
        let value = Mutex(State())

        /// Changes what is known of a connection; tells who waits.
        func change(_ change: (inout sending State) -> Bool) -> Bool {
            let (result, waiters) = value.withLock { state in
                let result = change(&state)
                let waiters = state.commands.isTried ? state.waiters : []
                if !waiters.isEmpty { state.waiters = [] }
                return (result, waiters)
            }
            for waiter in waiters { waiter.resume() }
            return result
        }
    }

    init(_ address: RedisAddress, prefix: String, uid: String, limits: RedisLimits, logger: Logger) {
        self.prefix = prefix
        self.uid = uid
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let box = StateBox()
        state = box
        let loop = group.next()
        let place = "\(address.host):\(address.port)"
        commands = RedisConnection(
            address, role: .commands, limits: limits, on: loop,
            events: Self.events(box, \.commands, "commands", place, logger))
        subscriber = RedisConnection(
            address, role: .subscriber, limits: limits, on: loop,
            events: Self.events(box, \.subscriber, "subscriptions", place, logger))
    }

    private static func events(
        _ box: StateBox, _ half: any Sendable & WritableKeyPath<State, Half>, _ use: String, _ place: String,
        _ logger: Logger
    ) -> RedisConnection.Events {
        var events = RedisConnection.Events()
        events.up = { revision in
            let wasUp = box.change { state in
                defer { state[keyPath: half] = Half(isUp: true) }
                return state[keyPath: half].isUp
            }
            // Said again for every subscription that is added.
            guard !wasUp else { return }
            logger.info(
                "Redis is there", metadata: ["for": "\(use)", "at": "\(place)", "RESP": "\(revision)"])
        }
        events.down = { fault in
            let isNews = box.change { state in
                defer { state[keyPath: half] = Half(isMissed: true) }
                if state[keyPath: half].isUp { state.losses += 1 }
                return !state[keyPath: half].isMissed
            }
            logger.log(
                level: isNews ? .warning : .debug, "Redis is away",
                metadata: ["for": "\(use)", "at": "\(place)", "why": "\(fault)"])
        }
        events.refused = { reason in
            let isNews = box.change { state in
                defer { state[keyPath: half].isRefused = true }
                return !state[keyPath: half].isRefused
            }
            logger.log(
                level: isNews ? .warning : .debug, "Redis refuses what this node tells it",
                metadata: ["for": "\(use)", "at": "\(place)", "why": "\(reason)"])
        }
        events.message = { channel, payload in
            let hear = box.value.withLock { state in
                state.received += 1
                return state.messages
            }
            hear(channel, payload)
        }
        return events
    }

    /// Connects, once.
    func start() {
        let isFirst = state.value.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { return }
        commands.start()
        subscriber.start()
    }

    /// Returns when commands can be sent, or the first attempt to connect has failed.
    func firstAttempt() async {
        await withCheckedContinuation { waiter in
            let isTried = state.value.withLock { state in
                if !state.commands.isTried { state.waiters.append(waiter) }
                return state.commands.isTried
            }
            if isTried { waiter.resume() }
        }
    }

    func hear(_ messages: @escaping @Sendable (String, [UInt8]) -> Void) {
        state.value.withLock { $0.messages = messages }
    }

    var isUp: Bool { state.value.withLock { $0.commands.isUp && $0.subscriber.isUp } }
    var losses: Int { state.value.withLock { $0.losses } }
    var reconnects: Int {
        [commands, subscriber].reduce(0) { $0 + max(0, $1.counts.withLock { $0.connections } - 1) }
    }
    var received: Int { state.value.withLock { $0.received } }

    func stop() async {
        let wasStopped = state.value.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped
        }
        guard !wasStopped else { return }
        await commands.stop()
        await subscriber.stop()
        try? await group.shutdownGracefully()
    }
}

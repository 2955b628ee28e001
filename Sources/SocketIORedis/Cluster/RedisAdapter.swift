public import Logging
public import SocketIO
internal import SocketIOCore
internal import Synchronization

/// Joins the nodes of a cluster over Redis, in the published format of @socket.io/redis-adapter, so that Socket.IO's
/// own servers and emitters can be part of it; and, where it is asked for, in the one of python-socketio.
///
/// Clients may come back on another node than the one they left, where the server's settings of recovery say so: who
/// they are and what was said is kept in Redis, in keys and streams that nodes of this kind alone read.
///
/// While Redis is away, sockets of this node go on; what is to go to other nodes waits within
/// ``RedisLimits/maxWaitingCommands`` and ``RedisLimits/maxWaitingBytes``, and what goes beyond is lost and counted.
/// What other nodes publish meanwhile is not heard here: publishing and subscribing has no memory.
public final class RedisAdapter: Adapter {
    /// With whom the adapter speaks, and what it may take for it.
    public struct Options: Sendable {
        /// The beginning of every channel and key; the same on all servers of a cluster. Elsewhere: `key`.
        public var prefix = "socket.io"
        /// The channel of python-socketio's Redis manager, `socketio` there; nil: none of its servers take part.
        public var pythonChannel: String?
        /// Times and memory of each of the adapter's two connections to Redis.
        public var limits = RedisLimits()

        /// The defaults: Socket.IO's own servers and emitters, and nobody else.
        public init() {}
    }

    private struct State {
        var dialogue: AdapterDialogue
        var python: PythonDialogue
        var cluster: (any ClusterReceiver)?
        var published = 0
        var namespaces: Set<String> = []
    }

    /// The nodes and their addresses, over the same connections.
    public let nodes: RedisNodes
    private let sessions: RedisRecovery
    private let link: RedisLink
    private let pythonChannel: String?
    private let state: Mutex<State>

    /// Joins nobody yet: that is for the listener of the server whose adapter this becomes.
    ///
    /// - Throws: ``RedisAddressError`` when TLS is asked for and the build has none, or cannot read
    ///   ``RedisAddress/authorities``.
    public init(
        _ address: RedisAddress, options: Options = Options(), logger: Logger
    ) throws(RedisAddressError) {
        if address.isEncrypted { _ = try RedisTLS(address) }
        let dialogue = AdapterDialogue(
            prefix: options.prefix, randomness: UInt64.random(in: .min ... .max))
        link = RedisLink(
            address, prefix: options.prefix, uid: dialogue.uid, limits: options.limits, logger: logger)
        nodes = RedisNodes(link, logger: logger)
        sessions = RedisRecovery(link, randomness: UInt64.random(in: .min ... .max))
        pythonChannel = options.pythonChannel
        state = Mutex(State(dialogue: dialogue, python: PythonDialogue(host: dialogue.uid)))
    }

    // MARK: Adapter

    public func start(_ cluster: any ClusterReceiver) async {
        state.withLock { $0.cluster = cluster }
        if let pythonChannel { link.subscriber.subscribe(pythonChannel) }
        link.subscriber.subscribe(sessions.channel)
        link.hear { [weak self] channel, payload in self?.heard(channel, payload) }
        link.start()
    }

    public func open(_ namespace: String) {
        let channels = state.withLock { state -> (names: [String], pattern: String)? in
            guard state.namespaces.insert(namespace).inserted else { return nil }
            return state.dialogue.channels(of: namespace)
        }
        guard let channels else { return }
        for name in channels.names { link.subscriber.subscribe(name) }
        link.subscriber.subscribe(channels.pattern, isPattern: true)
    }

    public func close(_ namespace: String) {
        let channels = state.withLock { state -> (names: [String], pattern: String)? in
            guard state.namespaces.remove(namespace) != nil else { return nil }
            return state.dialogue.channels(of: namespace)
        }
        guard let channels else { return }
        for name in channels.names { link.subscriber.unsubscribe(name) }
        link.subscriber.unsubscribe(channels.pattern, isPattern: true)
    }

    public func publish(_ message: ClusterMessage, in namespace: String) {
        let hasPython = pythonChannel != nil
        let (publication, python) = state.withLock { state in
            state.published += 1
            return (
                state.dialogue.outgoing(message, in: namespace),
                hasPython ? state.python.outgoing(message, in: namespace) : []
            )
        }
        if let publication { publish(publication.payload, on: publication.channel) }
        if let pythonChannel {
            for payload in python { publish(payload, on: pythonChannel) }
        }
    }

    private func publish(_ payload: [UInt8], on channel: String) {
        link.commands.tell([Array("PUBLISH".utf8), Array(channel.utf8), payload])
    }

    /// Redis answers in order: whatever was told before is done when this is answered.
    public func published() async -> Bool { (try? await link.commands.ask("PING")) != nil }

    /// Servers that listen for requests, in Socket.IO's own way of counting them. None while Redis is away.
    public func peerCount(in namespace: String) async -> Int {
        let request = state.withLock { $0.dialogue.channels(of: namespace).names[0] }
        guard let answer = try? await link.commands.ask("PUBSUB", "NUMSUB", request),
            case .integer(let count) = answer[request] ?? .null
        else { return 0 }
        return max(0, Int(count) - 1)
    }

    /// Streams and keys of its own: nodes of this kind alone remember clients.
    public var recovery: (any RecoveryStore)? { sessions }

    public func stop() async {
        sessions.stop()
        await nodes.leave()
        await link.stop()
    }

    /// How it is: never nil here. It is up when both connections are there and every subscription is in force.
    public var status: ClusterStatus? {
        var status = ClusterStatus()
        status.isUp = link.isUp
        status.losses = link.losses
        status.reconnects = link.reconnects
        status.published = state.withLock { $0.published }
        status.received = link.received
        let commands = link.commands.counts.withLock { $0 }
        status.waiting = commands.waiting
        status.dropped = commands.dropped
        status.unconfirmed = commands.unconfirmed
        return status
    }

    /// Whether Redis is there at this moment.
    public var isUp: Bool { link.isUp }

    private func heard(_ channel: String, _ payload: [UInt8]) {
        if channel == sessions.channel {
            guard let (pid, namespace) = sessions.taken(payload) else { return }
            state.withLock { $0.cluster }?.taken(pid: pid, in: namespace)
            return
        }
        let isPython = channel == pythonChannel
        let (said, cluster) = state.withLock { state in
            (
                isPython
                    ? state.python.incoming(payload)
                    : state.dialogue.incoming(channel: channel, payload: payload),
                state.cluster
            )
        }
        if let said { cluster?.received(said.message, in: said.namespace) }
    }
}

public import Logging
public import NIOCore
internal import NIOHTTP1
public import SocketIO
internal import SocketIOCore
internal import Synchronization

/// A server inside an HTTP/1 server that a program has already: on its event loops, its port and its connections.
///
///     let mount = try await Mount(server, on: group, logger: logger)
///     // In the initializer of each connection, behind NIO's HTTP codec:
///     try channel.pipeline.syncOperations.configureHTTPServerPipeline()
///     try mount.add(to: channel)
///     try channel.pipeline.syncOperations.addHandler(MyHandler())
///     // At the end, before the event loops':
///     await mount.shutdown()
///
/// Requests below the server's resource, at its plain routes and for its WebSockets are answered here, the others go
/// to the handlers behind, untouched; on one connection they may take turns. ``Settings/basePath`` keeps the server
/// below one path. ``Server/page`` is not asked: what no route takes is the host's.
///
/// Several such servers, and others, may be a cluster, so that a session's requests may land on any of them. Where the
/// others reach this one is for the program to say: ``ListenerSettings/nodeAddress``, where the host speaks plain
/// HTTP, or ``ListenerSettings/relayAddress``, for a port of its own.
public final class Mount: Sendable {
    private let server: Server
    private let workers: Workers
    private let shared: Shared
    private let loop: any EventLoop
    private let relayPort: RelayPort?
    /// The end of it, once it has begun: one for all who ask, and no child of a task that may be cancelled.
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// Prepares each loop of `group`.
    ///
    /// - Parameters:
    ///   - server: what is served, with all its namespaces.
    ///   - group: the loops of the connections that will be given to ``add(to:position:isSecure:)``, 256 at most:
    ///     the id of a session names its loop in one byte.
    ///   - settings: of which count ``ListenerSettings/trustedProxies``, ``ListenerSettings/bodyTimeout``,
    ///     ``ListenerSettings/idleTimeout`` for who takes its last bytes slowly, ``ListenerSettings/goodbyeTimeout``,
    ///     ``ListenerSettings/compression``, ``ListenerSettings/drainDelay``, ``ListenerSettings/drainWindow``,
    ///     ``ListenerSettings/shutdownTimeout``, and those of a cluster: ``ListenerSettings/nodeAddress``,
    ///     ``ListenerSettings/relayAddress`` and the relays'. The port, its connections and the heads of requests are
    ///     the host's.
    ///   - logger: hears of handlers that throw, at debug, and of refusals.
    /// - Throws: ``MountError``; ``MissingTrait`` when the settings ask for what this build lacks; ``BindError`` when
    ///   the relay address cannot be had; what the server's adapter throws when it cannot be started.
    public init(
        _ server: Server, on group: any EventLoopGroup, settings: ListenerSettings = ListenerSettings(),
        logger: Logger = Logger(label: "SocketIOServer")
    ) async throws {
        try Listener.requireTraits(settings)
        let loops = Array(group.makeIterator())
        guard let first = loops.first, loops.count <= 256 else { throw MountError.loops(loops.count) }
        loop = first
        var server = server
        await Listener.takeNumber(&server)
        self.server = server
        shared = Shared(mounting: settings, logger: logger)
        workers = try await Listener.makeWorkers(server, group, shared)
        try await server.joinCluster()
        relayPort = try await RelayPort.open(group, workers, shared)
        if let address = settings.nodeAddress ?? relayPort?.address { await server.nodes?.announce(address) }
    }

    /// Lets the server answer what is its on one connection. To be called on the connection's event loop, before
    /// anything has been read: in the initializer of a child channel.
    ///
    /// Two handlers are added. One stands before NIO's HTTP codec and lets all bytes pass until a WebSocket of this
    /// server is opened: from then on the bytes are the server's, and no other handler gets any. The other one, at
    /// `position`, takes and gives NIO's HTTP parts (`HTTPServerRequestPart`, `HTTPServerResponsePart`).
    ///
    /// - Parameters:
    ///   - channel: the connection, of one of the mount's event loops.
    ///   - position: a place where HTTP parts pass in both directions: behind the HTTP codec and
    ///     `HTTPServerPipelineHandler`, but before handlers that translate the parts to other types and before
    ///     an `HTTPServerUpgradeHandler`, which would want every WebSocket for itself.
    ///   - isSecure: the channel's bytes come out of TLS.
    /// - Throws: ``MountError`` when the pipeline has no HTTP codec, or when the channel belongs to none of the loops.
    public func add(
        to channel: any Channel, position: ChannelPipeline.SynchronousOperations.Position = .last,
        isSecure: Bool = false
    ) throws {
        channel.eventLoop.preconditionInEventLoop()
        guard workers.loops.contains(where: { $0 === channel.eventLoop }) else {
            throw MountError.unknownLoop
        }
        let bytes = MountedBytes()
        try bytes.add(to: channel.pipeline.syncOperations)
        let handler = MountHandler(
            channel, bytes: bytes, worker: workers.current(on: channel.eventLoop), isSecure: isSecure)
        try channel.pipeline.syncOperations.addHandler(handler, position: position)
    }

    /// What is open: as connections count those that a request or a WebSocket of this server is on.
    public func totals() async throws -> Totals { try await workers.totals(on: loop).get() }

    /// Ends every exchange of this server in its protocol's way, as ``Listener/shutdown()`` does, and returns when they
    /// are gone, or its three times are over. The connections, and the event loops, stay the host's. To be called
    /// before those end; afterwards this server takes no more sessions.
    ///
    /// A second call waits for the same end.
    public func shutdown() async {
        let end = ending.withLock { ending in
            let end = ending ?? Task { await stop() }
            ending = end
            return end
        }
        await end.value
    }

    private func stop() async {
        await workers.drain(shared) { await relayPort?.close() }
        await server.leaveCluster()
        workers.onEach { $0.abortAll() }
    }
}

/// Why a server cannot be mounted. Each is a mistake of the program's.
public enum MountError: Error, Equatable, CustomStringConvertible {
    /// The group has no loop, or more than a session's id can name.
    case loops(Int)
    /// The channel runs on a loop that the mount was not made for.
    case unknownLoop
    /// The pipeline has no `HTTPResponseEncoder`, or no decoder of HTTP requests.
    case noHTTPCodec

    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .loops(let count): "a mount takes 1 to 256 event loops, not \(count)"
        case .unknownLoop: "the channel's event loop is none of the group that the mount was made for"
        case .noHTTPCodec: "mount behind NIO's HTTP codec: see configureHTTPServerPipeline"
        }
    }
}

public import Logging
internal import NIOCore
internal import NIOPosix
public import SocketIO
internal import SocketIOCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A running server: a port, its event loops, and what has been opened on them.
///
///     let listener = try await Listener.bind(server, settings: settings, logger: logger)
///     await listener.run()
public final class Listener: Sendable {
    private let channel: any Channel
    private let relayPort: RelayPort?
    private let group: MultiThreadedEventLoopGroup
    private let server: Server
    private let workers: Workers
    private let shared: Shared
    /// The end of it, once it has begun: one for all who ask, and no child of a task that may be cancelled.
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// The port that was taken.
    public let port: Int
    /// How many connections this listener takes at a time.
    public var maxConnections: Int { shared.maxConnections }

    private init(
        channel: any Channel, relayPort: RelayPort?, group: MultiThreadedEventLoopGroup, server: Server,
        workers: Workers, shared: Shared
    ) {
        self.server = server
        self.channel = channel
        self.relayPort = relayPort
        self.group = group
        self.workers = workers
        self.shared = shared
        port = channel.localAddress?.port ?? shared.settings.port
    }

    /// Opens the port and serves.
    ///
    /// - Throws: ``BindError`` when the address cannot be had; ``CertificateError`` when TLS is asked for with files
    ///   that cannot be used; ``MissingTrait`` when the settings ask for what this
    ///   build lacks; ``MissingRelayAddress`` when other nodes could not reach this one.
    public static func bind(
        _ server: Server, settings: ListenerSettings = ListenerSettings(),
        logger: Logger = Logger(label: "SocketIOServer")
    ) async throws -> Listener {
        try requireTraits(settings)
        if server.nodes != nil { try requireRelayAddress(settings) }
        let tls = try settings.tls.map { try TLSEndpoint($0) }
        let threads = settings.threads > 0 ? settings.threads : System.coreCount
        // A sid names its loop in one byte.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(threads, 256))
        let shared = Shared(settings, loops: min(threads, 256), tls: tls, logger: logger)
        do {
            var server = server
            await takeNumber(&server)
            let workers = try await makeWorkers(server, group, shared)
            try await server.joinCluster()
            let channel = try await bootstrap(group, workers, shared)
                .bind(host: settings.host, port: settings.port).get()
            let relayPort = try await RelayPort.open(group, workers, shared)
            await server.nodes?.announce(
                nodeAddress(settings, port: channel.localAddress?.port, relayPort))
            return Listener(
                channel: channel, relayPort: relayPort, group: group, server: server, workers: workers,
                shared: shared)
        } catch let error as BindError {
            try? await group.shutdownGracefully()
            throw error
        } catch {
            try? await group.shutdownGracefully()
            throw BindError(host: settings.host, port: settings.port, error: error)
        }
    }

    /// Serves until ``shutdown()`` has ended, or the task it is called in is cancelled, which shuts down too.
    public func run() async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            Task { await shutdown() }
        }
        await shutdown()
    }

    /// Says that it is leaving, waits for the drain delay, ends every exchange in its protocol's way within the drain
    /// window, stops accepting, and returns when all connections are gone or the shutdown timeout is over, whichever
    /// is first.
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
        shared.logger.info("stopping", metadata: ["connections": "\(shared.counters.openConnections)"])
        await workers.drain(shared) {
            try? await channel.close()
            await relayPort?.close()
        }
        await server.leaveCluster()
        workers.onEach { $0.abortAll() }
        try? await group.shutdownGracefully()
    }

    /// Reads the files of ``ListenerSettings/tls`` again: connections from now on get the new certificate.
    ///
    /// - Throws: ``CertificateError`` when they cannot be used; the old certificate stays.
    public func reloadCertificate() throws(CertificateError) { try shared.tls?.reload() }

    // MARK: Setting up

    static func requireTraits(_ settings: ListenerSettings) throws(MissingTrait) {
        #if !Compression
            if settings.compression != nil { throw MissingTrait(trait: "Compression") }
        #endif
    }

    /// What names this node in its sessions: given by the cluster, or else by chance, so that a session of another
    /// process is told from one of this.
    static func takeNumber(_ server: inout Server) async {
        guard server.settings.node == 0 else { return }
        server.settings.node = await server.nodes?.join() ?? UInt16.random(in: 1 ... .max)
    }

    static func requireRelayAddress(_ settings: ListenerSettings) throws(MissingRelayAddress) {
        guard settings.relayAddress == nil else { return }
        if settings.tls != nil { throw MissingRelayAddress("this port speaks TLS") }
        if settings.sharesPort { throw MissingRelayAddress("this port is shared with other processes") }
    }

    private static func nodeAddress(
        _ settings: ListenerSettings, port: Int?, _ relayPort: RelayPort?
    ) -> NodeAddress {
        if let address = settings.nodeAddress ?? relayPort?.address { return address }
        return .reaching(settings.host, port: port ?? settings.port)
    }

    static func makeWorkers(
        _ server: Server, _ group: any EventLoopGroup, _ shared: Shared
    ) async throws -> Workers {
        var bound: [NIOLoopBound<Worker>] = []
        var entries: [LoopEntry] = []
        for (index, loop) in group.makeIterator().enumerated() {
            let entry = LoopEntry(loop: loop)
            let worker = try await loop.submit {
                NIOLoopBound(
                    Worker(
                        entry: entry, index: UInt8(index), server: server, shared: shared,
                        logger: shared.logger),
                    eventLoop: loop)
            }.get()
            bound.append(worker)
            entries.append(entry)
        }
        let workers = Workers(bound, adapter: server.adapter)
        for (worker, entry) in zip(bound, entries) {
            entry.open(worker)
            try await worker.eventLoop.submit { worker.value.peers = workers }.get()
        }
        server.registry.hub.open(
            loops: entries.map { entry in { entry.run($0) } }, now: { Clock.now() },
            report: { [logger = shared.logger] failure in
                logger.debug(
                    "handler failed",
                    metadata: [
                        "namespace": "\(failure.namespace)", "socket": "\(failure.socketID)",
                        "event": "\(failure.event)", "error": "\(failure.error)",
                    ])
            })
        return workers
    }

    /// - Parameter isForNodes: It is reached by other nodes, in plain HTTP, and by nobody else.
    static func bootstrap(
        _ group: any EventLoopGroup, _ workers: Workers, _ shared: Shared, isForNodes: Bool = false
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(
                .socketOption(.init(rawValue: SO_REUSEPORT)),
                value: shared.settings.sharesPort && !isForNodes ? 1 : 0
            )
            // What is accepted inherits these, so they cost no call a connection.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Also ends connections whose other end has vanished, and those whose window stays shut (tcp(7),
            // "TCP_USER_TIMEOUT").
            .serverChannelOption(
                .tcpOption(.init(rawValue: TCP_USER_TIMEOUT)),
                value: Int(clamping: shared.settings.stallTimeout.wholeMilliseconds)
            )
            // The kernel doubles what it is told, for its own bookkeeping.
            .serverChannelOption(.socketOption(.so_sndbuf), value: shared.settings.sendBuffer / 2)
            .serverChannelOption(.maxMessagesPerRead, value: AcceptGate.batch)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = AcceptGate(shared)
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Here, because each `childChannelOption` costs a connection futures of its own.
                    try channel.syncOptions?.setOption(.recvAllocator, value: TransientReceiveBuffers())
                    try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
                    try Connection.open(
                        on: channel, workers.current(on: channel.eventLoop), isForNodes: isForNodes)
                }
            }
    }
}

/// The address could not be had.
public struct BindError: Error, CustomStringConvertible {
    /// Somebody else listens there already.
    public let isInUse: Bool
    public let description: String

    init(host: String, port: Int, settings: [String] = ["--host", "--port"], error: any Error) {
        let code = (error as? IOError)?.errnoCode
        isInUse = code == EADDRINUSE
        let reason = code.map { String(cString: strerror($0)) } ?? "its name or address is not known here"
        description =
            isInUse
            ? "port \(port) on \(host) is in use: stop the program that has it, or choose another with \(settings.last ?? "")"
            : "cannot listen on \(host), port \(port): \(reason); see \(settings.joined(separator: " and "))"
    }
}

internal import Logging
internal import SocketIOCore
internal import Synchronization

/// What all event loops of one listener have in common.
final class Shared: Sendable {
    let settings: ListenerSettings
    let counters = Counters()
    let proxies: Proxies
    let addressLimit: AddressLimit
    let refusals: RefusalLog
    /// Nil: plain HTTP.
    let tls: TLSEndpoint?
    let logger: Logger
    /// What the process had open before its first connection.
    let openFilesAtStart: Int
    /// How many connections may be open at a time.
    let maxConnections: Int
    private let nextForeignSession = Mutex(Instant(nanoseconds: 0))

    /// In a host's pipeline, whose business the number of connections is.
    init(mounting settings: ListenerSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
        tls = nil
        proxies = Proxies(trusting: settings.trustedProxies)
        addressLimit = AddressLimit(0, exempting: proxies)
        refusals = RefusalLog(logger)
        openFilesAtStart = OpenFiles.count()
        maxConnections = .max
    }

    init(_ settings: ListenerSettings, loops: Int, tls: TLSEndpoint?, logger: Logger) {
        self.settings = settings
        self.tls = tls
        self.logger = logger
        proxies = Proxies(trusting: settings.trustedProxies)
        addressLimit = AddressLimit(settings.maxConnectionsPerAddress, exempting: proxies)
        refusals = RefusalLog(logger)
        // Each loop's three are open already; the listening socket comes next.
        openFilesAtStart = OpenFiles.count() + 1
        let room = OpenFiles.room(forLoops: loops)
        maxConnections = settings.maxConnections > 0 ? min(settings.maxConnections, room) : room
        if settings.maxConnections > room {
            logger.warning(
                "the limit of open files is too low for --max-connections; raise it with ulimit -n",
                metadata: [
                    "max-connections": "\(settings.maxConnections)", "open files": "\(OpenFiles.limit)",
                    "serving at most": "\(room)",
                ])
        }
    }

    /// Says, at most once a minute, that a balancer sends requests to the wrong process.
    func foreignSession(of node: UInt16, at this: UInt16) {
        let now = Clock.now()
        let isDue = nextForeignSession.withLock { next in
            guard now >= next else { return false }
            next = now + .seconds(60)
            return true
        }
        guard isDue else { return }
        logger.notice(
            "a session of another node is unknown here: set --redis on all nodes, or let the balancer keep a client with its node",
            metadata: ["made-by": "\(node)", "this-is": "\(this)"])
    }
}

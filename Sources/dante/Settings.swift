internal import SocketIOServer

/// Everything an operator can decide, typed and within its limits.
///
/// What each one means, its default, its limits and its names are in ``SettingTable``; only
/// ``init(_:environment:)`` makes a `Settings`, and it fills each property from its row. So the values
/// written here are never seen: they are there because Swift wants one.
struct Settings: Sendable, Equatable {
    enum AtEnd: String, CaseIterable, Sendable { case close, `repeat`, stay }
    enum Pace: String, CaseIterable, Sendable { case reader, shared }
    /// `polling` is Engine.IO's, and all three of 0.9's that are not WebSockets; those also have their own names.
    enum Transport: String, CaseIterable, Sendable {
        case websocket, polling, htmlfile
        case xhrPolling = "xhr-polling"
        case jsonpPolling = "jsonp-polling"
        case raw, sse, text, read
    }
    /// Small applications that can stand beside the reading.
    enum Companion: String, CaseIterable, Sendable {
        case hello
        case gotIt = "got-it"
        case chat, echo
    }
    enum OnOff: String, CaseIterable, Sendable { case on, off }
    enum LogFormat: String, CaseIterable, Sendable { case text, json }

    /// swift-log's levels under its own names.
    enum LogLevel: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    private(set) var command = Command.serve

    /// `nil`: the built-in canto.
    var textPath: String?
    /// `nil`: the file's name, or the built-in text's own.
    var title: String?
    /// `nil`: the built-in text's own; a file has none.
    var byline: String?
    /// A BCP 47 tag; `nil`: the built-in text's own, unknown for a file.
    var language: String?
    var interval = Duration.zero
    var event = ""
    var atEnd = AtEnd.close
    var pace = Pace.reader
    /// Of a shared pace, in seconds since 1970; `nil`: the start of the process.
    var epoch: Int?
    var companions: [Companion]?

    /// In Unicode scalars, as the next one.
    var chatMaxName = 0
    var chatMaxMessage = 0
    /// Messages a minute.
    var chatRate = 0
    var chatBurst = 0
    /// `nil`: who was cut off hears nothing of what was said meanwhile.
    var recovery: Duration?

    /// Without brackets: `::1`.
    var host = ""
    /// 0: any free port.
    var port = 0
    var sharePort = OnOff.off
    /// `nil`: any page may read.
    var origins: OriginRule?
    /// `nil`: nobody is believed.
    var trustedProxies: [AddressRange]?
    /// `nil`: nobody is asked for a token.
    var authorization: String?
    /// In the operator's order, none twice, at least one.
    var transports: [Transport] = []
    /// Without outer slashes: `socket.io`, `myApp/server.js`.
    var resource = ""
    /// With both outer slashes, `/apps/poetry/` or `/`; `nil`: any prefix is served.
    var basePath: String?
    /// Whether a client script is served at all.
    var browserClient = OnOff.on
    /// `nil`: the built-in script.
    var clientScript: String?
    /// `nil`: the built-in files alone.
    var publicDirectory: String?

    /// Both or neither.
    var tlsCertificate: String?
    var tlsKey: String?
    var compression = OnOff.off
    var compressionThreshold = 0

    /// Engine.IO's `pingInterval`; 0.9: "heartbeat interval".
    var heartbeat = Duration.zero
    /// Engine.IO's `pingTimeout`; 0.9: "heartbeat timeout".
    var heartbeatTimeout = Duration.zero
    /// Only 0.9 clients can do without.
    var heartbeats = OnOff.on
    var pollingDuration = Duration.zero
    /// 0.9's, for clients between two polls.
    var closeTimeout = Duration.zero

    var maxPayloadBytes = 0
    var maxHeadBytes = 0
    var maxHeaderFields = 0
    /// Of one polling body.
    var maxPackets = 0
    /// Of one WebSocket message.
    var maxFragments = 0
    /// Of one client.
    var maxNamespaces = 0
    /// Of one event loop.
    var maxSessions = 0
    var maxBufferedBytes = 0
    /// The kernel's, for each connection.
    var sendBufferBytes = 0
    /// 0: as many as open files allow.
    var maxConnections = 0
    /// 0: as many as there may be in all.
    var maxConnectionsPerAddress = 0
    var headTimeout = Duration.zero
    var bodyTimeout = Duration.zero
    var messageTimeout = Duration.zero
    var idleTimeout = Duration.zero
    var stallTimeout = Duration.zero
    var connectTimeout = Duration.zero
    var upgradeTimeout = Duration.zero

    var cluster = ClusterSettings()

    var drainDelay = Duration.zero
    var drainWindow = Duration.zero
    var shutdownTimeout = Duration.zero
    /// 0: one for each core.
    var threads = 0
    var logLevel = LogLevel.info
    var logFormat = LogFormat.text

    /// Each setting from its flag, else from its first variable that is set and not empty, else its default.
    ///
    /// A value that another one overrides is not looked at: a broken `PORT` does no harm beside `--port`.
    ///
    /// - Errors: ``UsageError``, the operator's: the value is not what the setting takes.
    init(_ arguments: Arguments, environment: [String: String]) throws(UsageError) {
        command = arguments.command
        for setting in SettingTable.all {
            let isOurs = setting.group.commands.contains(command)
            if !isOurs, let text = arguments.values[setting.name] { throw misplaced(setting, text) }
            // The environment may be meant for several commands: what is another's is not looked at.
            let variable = isOurs ? setting.environment.first { environment[$0]?.isEmpty == false } : nil
            if let text = arguments.values[setting.name] {
                try store(text, in: setting, from: setting.spelling)
            } else if let variable, let text = environment[variable] {
                try store(text, in: setting, from: "the environment variable \(variable)")
            } else if case .value(let text) = setting.default {
                try store(text, in: setting, from: setting.spelling)
            }
        }
        let ownWays = Set([Transport.raw, .sse, .text, .read])
        if command != .serve, ownWays.isSuperset(of: transports) {
            throw UsageError(
                "--transports names no way of Socket.IO, and dante \(command.rawValue) has no other")
        }
    }

    private func misplaced(_ setting: Setting, _ text: String) -> UsageError {
        let name = "dante \(command.rawValue)"
        return setting.spelling.hasPrefix("-")
            ? UsageError(
                "\(setting.spelling) is not a setting of \(name); \(name) --help lists those that are")
            : UsageError("unexpected argument \(quoted(text)): \(name) reads no text")
    }

    /// What no setting can say for itself.
    ///
    /// - Errors: ``UsageError``: a setting lacks the one it goes with.
    func checkTogether() throws(UsageError) {
        try cluster.checkTogether()
        guard (tlsCertificate == nil) != (tlsKey == nil) else { return }
        let (has, lacks) =
            tlsKey == nil ? ("--tls-certificate", "--tls-key") : ("--tls-key", "--tls-certificate")
        throw UsageError("\(has) needs \(lacks) beside it: TLS takes a certificate and its key")
    }

    private mutating func store(
        _ text: String, in setting: Setting, from source: String
    ) throws(UsageError) {
        guard setting.store(text, &self) else {
            let shown = quoted(withoutPassword(text))
            throw UsageError("\(source) cannot be \(shown): it takes \(setting.takes)")
        }
    }
}

import Testing

@testable import dante

@Suite struct SettingsParsingTests {
    @Test func nothingGivenIsTheDefaults() throws {
        let settings = try parse([])
        #expect(settings.command == .serve)
        #expect(settings.textPath == nil)
        #expect(settings.interval == .seconds(2))
        #expect(settings.event == "divinecomedy")
        #expect(settings.atEnd == .close)
        #expect(settings.pace == .reader)
        #expect(settings.host == "0.0.0.0")
        #expect(settings.port == 8888)
        #expect(settings.transports == [.websocket, .polling, .raw, .sse, .text, .read])
        #expect(settings.resource == "socket.io")
        #expect(settings.basePath == nil)
        #expect(settings.clientScript == nil)
        #expect(settings.publicDirectory == nil)
        #expect(settings.heartbeat == .seconds(20))
        #expect(settings.heartbeatTimeout == .seconds(20))
        #expect(settings.logLevel == .info)
        #expect(settings.logFormat == .text)
    }

    @Test func limitsHaveTheirDefaults() throws {
        let settings = try parse([])
        #expect(settings.maxPayloadBytes == 1_000_000)
        #expect(settings.maxHeadBytes == 16_384)
        #expect(settings.maxBufferedBytes == 1_048_576)
        #expect(settings.maxConnections == 0)
        #expect(settings.headTimeout == .seconds(10))
        #expect(settings.bodyTimeout == .seconds(20))
        #expect(settings.idleTimeout == .seconds(75))
        #expect(settings.stallTimeout == .seconds(60))
        #expect(settings.sendBufferBytes == 262_144)
        #expect(settings.connectTimeout == .seconds(45))
        #expect(settings.upgradeTimeout == .seconds(10))
        #expect(settings.shutdownTimeout == .seconds(5))
        #expect(settings.threads == 0)
    }

    /// By setting name, a value that is not the default; the table has no row that is missing here.
    static let samples = [
        "text": "vita-nova.txt", "interval": "3s", "event": "verse", "at-end": "stay", "pace": "shared",
        "host": "::1", "port": "9000", "transports": "sse", "resource": "myApp/server.js",
        "base-path": "/dante", "client-script": "io.js", "public": "site", "heartbeat": "3s",
        "heartbeat-timeout": "3s", "max-payload": "5000", "max-head": "5000", "max-buffered": "5000",
        "max-connections": "3", "head-timeout": "3s", "body-timeout": "3s", "message-timeout": "3s",
        "idle-timeout": "3s",
        "connect-timeout": "3s", "upgrade-timeout": "3s", "shutdown-timeout": "3s", "threads": "3",
        "log-level": "debug", "log-format": "json", "with": "echo,hello", "heartbeats": "off",
        "chat-max-name": "3", "chat-max-message": "3", "chat-rate": "3", "chat-burst": "3", "recovery": "3s",
        "polling-duration": "3s", "close-timeout": "3s", "browser-client": "off",
        "origins": "a.example:*,*:8080",
        "authorization": "open-sesame", "trusted-proxies": "loopback", "tls-certificate": "a.pem",
        "tls-key": "a.key", "compression": "on", "compression-threshold": "9", "stall-timeout": "3s",
        "send-buffer": "9000", "share-port": "on",
        "drain-delay": "3s",
        "drain-window": "3s",
        "max-per-address": "3", "title": "Vita Nova", "byline": "Dante", "language": "it", "epoch": "3",
        "redis": "redis://cache/3", "redis-password-file": "secret", "redis-prefix": "mine",
        "redis-ca": "ca.pem", "relay-address": "10.0.0.1:0",
        "redis-python": "socketio", "redis-required": "on", "redis-timeout": "3s",
        "redis-max-messages": "3", "redis-max-bytes": "5000", "node-address": "10.0.0.1:8888",
        "max-header-fields": "30", "max-packets": "3", "max-fragments": "3", "max-namespaces": "3",
        "max-sessions": "3", "relay-timeout": "3s", "max-idle-relays": "3",
    ]

    /// A row bound to another row's property would pass every other test of its kind.
    @Test func everyRowFillsAPropertyOfItsOwn() throws {
        #expect(Set(SettingTable.all.map(\.name)) == Set(Self.samples.keys))
        let defaults = properties(try parse([]))
        var reached: [String] = []
        for setting in SettingTable.all {
            let sample = try #require(Self.samples[setting.name])
            let flag = setting.spelling.hasPrefix("-") ? [setting.spelling] : []
            let byFlag = properties(try parse(flag + [sample]))
            let changed = byFlag.keys.filter { byFlag[$0] != defaults[$0] }
            #expect(changed.count == 1, "\(setting.spelling) changed \(changed)")
            reached += changed
            for variable in setting.environment {
                #expect(properties(try parse([], [variable: sample])) == byFlag, "\(variable)")
            }
        }
        #expect(reached.sorted() == defaults.keys.filter { $0 != "command" }.sorted())
    }

    @Test(arguments: [
        (["--port", "1"], ["DANTE_PORT": "2", "PORT": "3"], 1),
        ([], ["DANTE_PORT": "2", "HTTP_PLATFORM_PORT": "3", "ASPNETCORE_PORT": "4", "PORT": "5"], 2),
        ([], ["HTTP_PLATFORM_PORT": "3", "ASPNETCORE_PORT": "4", "PORT": "5"], 3),
        ([], ["ASPNETCORE_PORT": "4", "PORT": "5"], 4),
        ([], ["PORT": "5"], 5),
        ([], ["DANTE_PORT": "", "PORT": "5"], 5),
        ([], ["DANTE_PORT": "", "PORT": ""], 8888),
        (["--port", "1"], ["DANTE_PORT": "not a port"], 1),
        ([], ["DANTE_PORT": "2", "PORT": "not a port"], 2),
        (["--port", "1", "--port=6"], [:], 6),
    ])
    func theFirstSourceWins(arguments: [String], environment: [String: String], port: Int) throws {
        #expect(try parse(arguments, environment).port == port)
    }

    @Test(
        arguments: [
            (["serve"], nil),
            (["a.txt"], "a.txt"),
            (["serve", "a.txt"], "a.txt"),
            (["serve", "serve"], "serve"),
            (["--", "serve"], "serve"),
            (["--", "--port"], "--port"),
            (["serve", "--interval", "1s", "a.txt"], "a.txt"),
            (["--interval", "1s", "serve", "a.txt"], "a.txt"),
            (["a.txt", "--interval=1s"], "a.txt"),
            (["-"], "-"),
        ] as [([String], String?)])
    func theWordWithoutADashIsTheText(arguments: [String], path: String?) throws {
        #expect(try parse(arguments).textPath == path)
    }

    @Test func aValueMayHoldAnEqualsSignOrBeginWithADash() throws {
        #expect(try parse(["--event=a=b"]).event == "a=b")
        #expect(try parse(["--event", "-x"]).event == "-x")
        #expect(try parse(["--event=--x"]).event == "--x")
    }

    @Test(arguments: [
        (["-h"], Command.serve), (["--help"], .serve), (["serve", "--help"], .serve),
        (["--port", "no", "--help", "--nonsense"], .serve), (["chat", "--help"], .chat),
        (["--port", "1", "hello", "-h"], .hello), (["got-it", "--interval", "1s", "-h"], .gotIt),
    ])
    func helpIsAsked(arguments: [String], command: Command) throws {
        guard case .help(let text) = try Settings.parse(arguments: arguments, environment: ["PORT": "no"])
        else { throw UsageError("no help") }
        #expect(text == Settings.helpText(for: command))
    }

    @Test(arguments: [
        ([], Command.serve), (["serve"], .serve), (["hello"], .hello), (["--port", "1", "chat"], .chat),
        (["got-it"], .gotIt), (["serve", "chat"], .serve), (["--", "hello"], .serve),
    ])
    func theFirstWordIsTheCommand(arguments: [String], command: Command) throws {
        #expect(try parse(arguments).command == command)
    }

    /// What is the reading's is refused on a command line, where it was meant, and not seen in an environment, which
    /// others share.
    @Test func anotherCommandsSettingsAreNotLookedAt() throws {
        let others = ["DANTE_INTERVAL": "never", "DANTE_TEXT": "no.txt", "DANTE_CHAT_RATE": "none"]
        #expect(try parse(["hello"], others) == parse(["hello"]))
        #expect(try parse(["chat"], ["DANTE_CHAT_RATE": "120"]).chat.interval == .milliseconds(500))
    }

    @Test func aChatHasItsLimits() throws {
        let arguments = [
            "chat", "--chat-max-name", "5", "--chat-max-message", "6", "--chat-rate", "120", "--chat-burst",
            "7",
        ]
        #expect(
            try parse(arguments).chat
                == ChatLimits(maxName: 5, maxMessage: 6, burst: 7, interval: .milliseconds(500)))
        #expect(try parse(["chat"]).chat == ChatLimits())
    }

    @Test(arguments: ["raw", "sse,text", "read"])
    func anApplicationNeedsAWayOfSocketIO(transports: String) {
        for command in ["hello", "chat", "got-it"] {
            let message = "--transports names no way of Socket.IO, and dante \(command) has no other"
            #expect(throws: UsageError(message)) { try parse([command, "--transports", transports]) }
        }
    }

    @Test func versionIsAsked() throws {
        guard case .version(let text) = try Settings.parse(arguments: ["--version"], environment: [:])
        else { throw UsageError("no version") }
        #expect(text == "dante \(Settings.version)")
    }

    static let refusals: [(arguments: [String], environment: [String: String], message: String)] = [
        (["--intervall", "2s"], [:], "unknown option --intervall; did you mean --interval?"),
        (["--intervall=2s"], [:], "unknown option --intervall; did you mean --interval?"),
        (["--prot", "80"], [:], "unknown option --prot; did you mean --port?"),
        (["-port", "80"], [:], "unknown option -port; did you mean --port?"),
        (["--hepl"], [:], "unknown option --hepl; did you mean --help?"),
        (["--nonsense"], [:], "unknown option --nonsense; dante --help lists them all"),
        (["-p", "80"], [:], "unknown option -p; dante --help lists them all"),
        (["--text", "a.txt"], [:], "unknown option --text; dante --help lists them all"),
        (["a.txt", "b.txt"], [:], #"unexpected argument "b.txt": one text is read at a time"#),
        (["a.txt", "serve"], [:], #"unexpected argument "serve": one text is read at a time"#),
        (["--help=yes"], [:], "--help takes no value"),
        (
            ["hello", "--interval", "1s"], [:],
            "--interval is not a setting of dante hello; dante hello --help lists those that are"
        ),
        (
            ["--chat-rate", "9", "got-it"], [:],
            "--chat-rate is not a setting of dante got-it; dante got-it --help lists those that are"
        ),
        (["chat", "a.txt"], [:], #"unexpected argument "a.txt": dante chat reads no text"#),
        (["--port"], [:], "--port needs a value: it takes a whole number from 0 to 65535"),
        (["--port", "--pace"], [:], "--port needs a value: it takes a whole number from 0 to 65535"),
        (["--port="], [:], #"--port cannot be "": it takes a whole number from 0 to 65535"#),
        (["--port", "-1"], [:], #"--port cannot be "-1": it takes a whole number from 0 to 65535"#),
        (
            [], ["PORT": #"\\.\pipe\dante"#],
            #"the environment variable PORT cannot be "\\.\pipe\dante": it takes "#
                + "a whole number from 0 to 65535"
        ),
        (["--at-end", "stop"], [:], #"--at-end cannot be "stop": it takes one of close, repeat, stay"#),
        (["--public", ""], [:], #"--public cannot be "": it takes a path"#),
        ([""], [:], #"FILE cannot be "": it takes a path"#),
        (
            [], ["DANTE_INTERVAL": "0"],
            "the environment variable DANTE_INTERVAL cannot be \"0\": it takes a duration such as 2s, 100ms, "
                + "1m or 0.1 (seconds), from 1ms to 24h"
        ),
    ]

    @Test(arguments: refusals)
    func aMistakeIsOneSentence(arguments: [String], environment: [String: String], message: String) {
        #expect(throws: UsageError(message)) { try parse(arguments, environment) }
    }

    @Test func aMistakeStaysOnItsLine() {
        let long = String(repeating: "x", count: 1000)
        #expect(throws: UsageError(#"--pace cannot be "a\nb": it takes one of reader, shared"#)) {
            try parse(["--pace", "a\nb"])
        }
        #expect(throws: UsageError("unknown option --\(long.prefix(58))…; dante --help lists them all")) {
            try parse(["--" + long])
        }
    }

    private func properties(_ settings: Settings) -> [String: String] {
        let children = Mirror(reflecting: settings).children.flatMap { child in
            child.value is ClusterSettings ? Array(Mirror(reflecting: child.value).children) : [child]
        }
        return Dictionary(uniqueKeysWithValues: children.map { ($0.label ?? "", "\($0.value)") })
    }
}

/// The settings of a command line that asks for neither help nor version.
@discardableResult
func parse(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Settings {
    switch try Settings.parse(arguments: arguments, environment: environment) {
    case .run(let settings): return settings
    case .help, .version: throw UsageError("settings expected")
    }
}

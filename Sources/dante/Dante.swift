internal import DanteAssets
internal import Logging
internal import Recital
internal import SocketIOServer

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The command.
@main
struct Dante {
    static func main() async {
        let signals = Signals()
        do {
            switch try Settings.parse(
                arguments: Array(CommandLine.arguments.dropFirst()), environment: environment())
            {
            case .help(let text): say(text, terminator: "")
            case .version(let text): say(text)
            case .run(let settings): try await run(settings, until: signals)
            }
        } catch let error as UsageError {
            fail("\(error.message)", UsageError.exitCode)
        } catch let error as StartError {
            fail(error.description, error.exitCode)
        } catch let error as BindError {
            // EX_UNAVAILABLE of sysexits.h.
            fail(error.description, 69)
        } catch let error as MissingTrait {
            fail(error.description, UsageError.exitCode)
        } catch let error as MissingRelayAddress {
            fail(error.description, UsageError.exitCode)
        } catch let error as CertificateError {
            // EX_CONFIG of sysexits.h.
            fail(error.description, 78)
        } catch {
            fail("\(error)", 70)
        }
    }

    private static func run(_ settings: Settings, until signals: Signals) async throws {
        try settings.checkTogether()
        let assets = try Assets(
            publicDirectory: settings.publicDirectory, clientScript: settings.clientScript)
        if let companion = settings.command.companion {
            let app = try AppServer(companion, settings, assets: assets)
            return try await serve(app.server, settings, until: signals) { port in
                app.port.taken(port)
                return settings.command.rawValue
            }
        }
        let (poem, source) = try text(settings)
        let app = try RecitalApp(
            settings, poem: poem, source: source, assets: assets, startingAt: epoch(settings))
        try await serve(app.server, settings, until: signals) { _ in reading(settings, poem: poem) }
    }

    /// - Parameter title: what is served, for the line that says that it is.
    private static func serve(
        _ server: Server, _ settings: Settings, until signals: Signals, title: (_ port: Int) -> String
    ) async throws {
        let logger = logger(settings)
        var server = server
        if let adapter = try settings.cluster.adapter(logger: logger) {
            server.join(adapter, settings.cluster)
        }
        let listener = try await Listener.bind(server, settings: settings.listener, logger: logger)
        say("dante: \(title(listener.port)) at \(address(settings, port: listener.port))")
        await signals.first {
            guard settings.tlsCertificate != nil else {
                return logger.info("SIGHUP: there is nothing to read again without --tls-certificate")
            }
            reloadCertificate(of: listener, logger)
        }
        await listener.shutdown()
    }

    private static func reloadCertificate(of listener: Listener, _ logger: Logger) {
        do throws(CertificateError) {
            try listener.reloadCertificate()
            logger.info("new certificate")
        } catch {
            logger.error("the old certificate stays: \(error)")
        }
    }

    /// The epoch of a shared pace by this process' own clock.
    private static func epoch(_ settings: Settings) -> Instant {
        guard let epoch = settings.epoch else { return .now }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let sinceThen = Int64(time.tv_sec - epoch) * 1_000_000_000 + Int64(time.tv_nsec)
        return Instant(nanoseconds: Instant.now.nanoseconds - sinceThen)
    }

    /// What is read, how many stanzas and how often.
    private static func reading(_ settings: Settings, poem: Poem) -> String {
        let stanzas = poem.stanzas.count == 1 ? "1 stanza" : "\(poem.stanzas.count) stanzas"
        return "reading \"\(poem.title)\" (\(stanzas), one every \(shown(settings.interval)))"
    }

    private static func address(_ settings: Settings, port: Int) -> String {
        let isEverywhere = ["0.0.0.0", "::", "127.0.0.1"].contains(settings.host)
        let host =
            isEverywhere ? "localhost" : settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        let scheme = settings.tlsCertificate == nil ? "http" : "https"
        return "\(scheme)://\(host):\(port)\(settings.basePath ?? "/")"
    }

    private static func shown(_ span: Duration) -> String {
        let milliseconds = span.wholeMilliseconds
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }

    private static func text(_ settings: Settings) throws -> (poem: Poem, source: TextSource) {
        var source = settings.textPath == nil ? TextSource.builtIn : .file
        if let byline = settings.byline { source.byline = byline }
        if let language = settings.language { source.language = language }
        guard let path = settings.textPath else {
            let title = settings.title ?? "Inferno, Canto I"
            return (try Poem(title: title, utf8: EmbeddedFiles.longfellow), source)
        }
        let bytes = try FileSystem.read(path)
        do throws(PoemError) {
            return (try Poem(title: settings.title ?? title(of: path), utf8: bytes), source)
        } catch {
            throw StartError("cannot read \(path): \(error)", exitCode: 78)
        }
    }

    /// A file's name without its directory and its ending.
    private static func title(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }

    private static func logger(_ settings: Settings) -> Logger {
        let isJSON = settings.logFormat == .json
        var logger = Logger(label: "dante") { _ in LineLog(isJSON: isJSON) }
        logger.logLevel = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
        return logger
    }

    private static func environment() -> [String: String] {
        var values: [String: String] = [:]
        for name in SettingTable.all.flatMap(\.environment) {
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }

    /// Written at once, also into a pipe: whoever starts this waits for the line.
    private static func say(_ line: String, terminator: String = "\n") {
        print(line, terminator: terminator)
        fflush(nil)
    }

    private static func fail(_ sentence: String, _ code: Int32) -> Never {
        LineLog.writeError("dante: \(sentence)\n")
        exit(code)
    }
}

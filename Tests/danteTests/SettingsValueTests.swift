import Testing

@testable import dante

@Suite struct SettingsValueTests {
    @Test(
        arguments: [
            ("2s", .seconds(2)), ("100ms", .milliseconds(100)), ("1m", .seconds(60)), ("1h", .seconds(3600)),
            ("0.1", .milliseconds(100)), ("5", .seconds(5)), ("0.001", .milliseconds(1)),
            ("1ms", .milliseconds(1)),
            ("1.5s", .milliseconds(1500)), ("0.5m", .seconds(30)), ("1.5ms", .microseconds(1500)),
            ("24h", .seconds(86_400)), ("86400", .seconds(86_400)), ("002s", .seconds(2)),
            ("0.123456789", .nanoseconds(123_456_789)),
        ] as [(String, Duration)])
    func durations(text: String, duration: Duration) throws {
        #expect(try parse(["--interval", text]).interval == duration)
    }

    @Test(arguments: [
        "0", "0s", "0.9ms", "0.0009", "24.1h", "86400.001", "-1s", "+1s", "1e3", "1 s", " 1s", "2S", "s",
        "ms", ".",
        ".5", "5.", "1.2.3", "0,1", "2d", "2ss", "2sm", "٢s", "inf", "nan", "0x10", "9999999999",
        "9223372036854775807h", "0.0000000001", "999999999.999999999h",
    ])
    func durationsRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--interval", text]) }
    }

    @Test func onlyTheShutdownMayTakeNoTime() throws {
        #expect(try parse(["--drain-window", "0"]).drainWindow == .zero)
        #expect(try parse(["--shutdown-timeout", "0"]).shutdownTimeout == .zero)
    }

    @Test(arguments: [("0", 0), ("65535", 65_535), ("0080", 80)])
    func numbers(text: String, port: Int) throws {
        #expect(try parse(["--port", text]).port == port)
    }

    @Test(arguments: [
        ("loopback", 2), ("private", 8), ("192.0.2.1", 1), (" 10.0.0.0/8 , ::1,loopback", 4),
    ])
    func proxies(text: String, count: Int) throws {
        #expect(try parse(["--trusted-proxies", text]).trustedProxies?.count == count)
    }

    @Test(arguments: ["", "Loopback", "10.0.0.0/33", "192.0.2.1,", "proxy.example", "192.0.2.1 ::1"])
    func proxiesRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--trusted-proxies", text]) }
    }

    @Test(arguments: ["65536", "-1", "+80", "8_0", "80 ", "8e1", "0x50", "٨٠", "99999999999999999999"])
    func numbersRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--port", text]) }
    }

    @Test(arguments: [
        ("--max-payload", 64, 1 << 30), ("--max-head", 1024, 1 << 20), ("--max-buffered", 4096, 1 << 30),
        ("--send-buffer", 8192, 1 << 30),
        ("--max-connections", 0, 10_000_000), ("--threads", 0, 1024), ("--port", 0, 65_535),
    ])
    func limitsAreTakenAndOnePastThemIsNot(flag: String, least: Int, most: Int) throws {
        try parse([flag, "\(least)"])
        try parse([flag, "\(most)"])
        #expect(throws: UsageError.self) { try parse([flag, "\(least - 1)"]) }
        #expect(throws: UsageError.self) { try parse([flag, "\(most + 1)"]) }
    }

    @Test(
        arguments: [
            ("sse", [.sse]), ("read,polling", [.read, .polling]), (" raw ,\twebsocket ", [.raw, .websocket]),
            ("jsonp-polling,htmlfile", [.jsonpPolling, .htmlfile]),
        ] as [(String, [Settings.Transport])])
    func listsKeepTheirOrder(text: String, transports: [Settings.Transport]) throws {
        #expect(try parse(["--transports", text]).transports == transports)
    }

    @Test(arguments: ["", " ", ",", "sse,", ",sse", "sse,,raw", "sse,sse", "sse raw", "SSE", "flashsocket"])
    func listsRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--transports=" + text]) }
    }

    @Test(arguments: [
        ("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"), ("my_host.example.", "my_host.example."),
    ])
    func hosts(text: String, host: String) throws {
        #expect(try parse(["--host", text]).host == host)
    }

    @Test(arguments: [
        "", "[]", "[::1", "[localhost]", "localhost:80", "http://localhost", "a b", "a/b",
        "tcp://10.0.0.1:80", "è",
    ])
    func hostsRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--host", text]) }
    }

    @Test(arguments: [
        ("socket.io", "socket.io"), ("/socket.io/", "socket.io"), ("myApp/server.js", "myApp/server.js"),
        ("//a/b//", "a/b"), ("~me", "~me"), ("...", "..."),
    ])
    func resources(text: String, resource: String) throws {
        #expect(try parse(["--resource", text]).resource == resource)
    }

    @Test(arguments: [
        ("/dante", "/dante/"), ("dante", "/dante/"), ("/a/b/", "/a/b/"), ("//a", "/a/"), ("/", "/"),
    ])
    func prefixes(text: String, prefix: String) throws {
        #expect(try parse(["--base-path", text]).basePath == prefix)
    }

    @Test(
        arguments: ["--resource", "--base-path"],
        [
            "", "//", "a//b", ".", "..", "a/../b", "a b", "a?b", "a#b", "a%2Fb", #"a\b"#, "a:b", "a\nb", "è",
            #""><script>"#,
        ])
    func pathsRefused(flag: String, text: String) {
        #expect(throws: UsageError.self) { try parse(["\(flag)=\(text)"]) }
    }

    @Test(arguments: [
        "", "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ])
    func eventsRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--event=\(text)"]) }
    }

    @Test(arguments: ["it", "pt-BR", "zh-Hant", "sl-rozaj-1994", "grc"])
    func languages(text: String) throws {
        #expect(try parse(["--language", text]).language == text)
    }

    @Test(arguments: [
        "", "i", "1a", "en_GB", "en-", "en--GB", "en GB", "x-none", "español", "abcdefghi", "\"><script>",
    ])
    func languagesRefused(text: String) {
        #expect(throws: UsageError.self) { try parse(["--language=\(text)"]) }
    }

    @Test(arguments: ["--title", "--byline"])
    func wordsOnOneLine(flag: String) throws {
        let settings = try parse([flag, "神曲 & <Dante>"])
        #expect((flag == "--title" ? settings.title : settings.byline) == "神曲 & <Dante>")
        try parse(["\(flag)=\(String(repeating: "è", count: 200))"])
        for text in ["", "a\nb", "a\tb", "\u{7F}", String(repeating: "è", count: 201)] {
            #expect(throws: UsageError.self, "\(text)") { try parse(["\(flag)=\(text)"]) }
        }
    }

    @Test(arguments: ["message", "Connect", "verso è", "a\"b"])
    func eventsTaken(text: String) throws {
        #expect(try parse(["--event", text]).event == text)
    }

    @Test func everyChoiceIsTakenByItsName() throws {
        for atEnd in Settings.AtEnd.allCases {
            #expect(try parse(["--at-end", atEnd.rawValue]).atEnd == atEnd)
        }
        for pace in Settings.Pace.allCases { #expect(try parse(["--pace", pace.rawValue]).pace == pace) }
        for level in Settings.LogLevel.allCases {
            #expect(try parse(["--log-level", level.rawValue]).logLevel == level)
        }
        for format in Settings.LogFormat.allCases {
            #expect(try parse(["--log-format", format.rawValue]).logFormat == format)
        }
    }
}

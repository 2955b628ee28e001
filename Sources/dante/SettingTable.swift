/// Every setting, once. Flags, environment names, help, README and errors are made from these rows.
///
/// A new setting is a property of ``Settings`` and a row here, under the heading where help should show it.
enum SettingTable {
    static let all = reading + chat + addresses + heartbeat + limits + cluster + process

    /// The setting a word without a dash is the value of.
    static var positional: Setting? { all.first { !$0.spelling.hasPrefix("-") } }

    /// By flag, dashes included.
    static func setting(flag: String) -> Setting? {
        all.first { $0.spelling == flag && $0.spelling.hasPrefix("-") }
    }

    /// A timer of 0 would end everybody. Browsers' own timers overflow past 24 days, and nobody waits a day.
    static let timeout = SettingValue.duration(.milliseconds(1) ... .seconds(86_400))
    /// Past 1 GiB a single client could take the machine's memory; NIO's buffers end at 4.
    static let gibibyte = 1 << 30

    private static let reading = [
        Setting(
            "text", \.textPath, .path(placeholder: "FILE"), unset: "Inferno, Canto I, built in",
            isPositional: true, in: .reading,
            help: "What is read: plain UTF-8, one verse a line, a blank line between stanzas."),
        Setting(
            "title", \.title, .line, unset: "the file's name", in: .reading,
            help: "What the text is called, above it and in the browser's window."),
        Setting(
            "byline", \.byline, .line, unset: "none for a file", in: .reading,
            help: "Author and translator, below the title."),
        Setting(
            "language", \.language, .language, unset: "en for the built-in text", in: .reading,
            help: "The text's language, by which a browser chooses type and a screen reader its voice."),
        Setting(
            "interval", \.interval, timeout, default: "2s", in: .reading,
            help: "Time from one stanza to the next; the first comes at once."),
        Setting(
            "at-end", \.atEnd, .choice(placeholder: "HOW"), default: "close", in: .reading,
            help: "Behind the last stanza: end the reading, begin again, or keep the connection."),
        Setting(
            "pace", \.pace, .choice(placeholder: "WHOSE"), default: "reader", in: .reading,
            help: "Each reader from its own start, or everybody at the same place."),
        Setting(
            "epoch", \.epoch, .integer(0...10_000_000_000), unset: "the start of the process", in: .reading,
            help:
                "When a shared reading began, in seconds since 1970: with the same one, say 0, all processes "
                + "are at the same place, as long as their clocks agree."),
        Setting(
            "event", \.event, .event, default: "divinecomedy", in: .reading,
            help: "Name of the Socket.IO event that carries a stanza."),
        Setting(
            "with", \.companions, .list(), unset: "the reading alone", in: .reading,
            help:
                "Small applications beside the reading: hello and got-it; chat, in its namespace /chat and with "
                + "its page at chat; and the probe echo, which is also a namespace of its own."),
    ]

    private static let chat = [
        Setting(
            "chat-max-name", \.chatMaxName, .characters(1...1000), default: "32", in: .chat,
            help: "Longest name."),
        Setting(
            "chat-max-message", \.chatMaxMessage, .characters(1...100_000), default: "1000", in: .chat,
            help: "Longest message."),
        Setting(
            "chat-rate", \.chatRate, .integer(1...60_000), default: "60", in: .chat,
            help: "Messages a minute one guest may send in the long run; more are refused."),
        Setting(
            "chat-burst", \.chatBurst, .integer(1...1000), default: "10", in: .chat,
            help: "Messages one guest may send at once before the rate counts."),
        Setting(
            "recovery", \.recovery, timeout, unset: "off", in: .chat,
            help:
                "How long a Socket.IO 4 client may be away and still come back to its name and to what was said; "
                + "events outside of the reading then have an offset behind their arguments."),
    ]

    private static let addresses = [
        Setting(
            "host", \.host, .host, default: "0.0.0.0", in: .addresses,
            help: "Address to listen on."),
        Setting(
            "port", \.port, .integer(0...65_535), default: "8888",
            variables: ["HTTP_PLATFORM_PORT", "ASPNETCORE_PORT", "PORT"], in: .addresses,
            help: "Port to listen on; 0 takes any free one."),
        Setting(
            "share-port", \.sharePort, .choice(placeholder: "SWITCH"), default: "off", in: .addresses,
            help:
                "Let several processes listen on the same port, each with open files of its own. They share "
                + "no sessions: for WebSockets, /sse and /text."),
        Setting(
            "transports", \.transports, .list(),
            default: "websocket,polling,raw,sse,text,read", in: .addresses,
            help:
                "The ways of reading that are offered, for 0.9 clients in order of preference; raw is a WebSocket "
                + "without Socket.IO, polling includes htmlfile, xhr-polling and jsonp-polling."),
        Setting(
            "resource", \.resource, .resource, default: "socket.io", in: .addresses,
            help: "Path of Socket.IO and of its client script, under any prefix."),
        Setting(
            "base-path", \.basePath, .prefix, unset: "any prefix is served", in: .addresses,
            help: "The only prefix served; anything outside it gets 404."),
        Setting(
            "origins", \.origins, .origins, unset: "any page, and for a chat its own", in: .addresses,
            help:
                "The only pages that may shake hands, by the host and port of their address; * stands for any, "
                + "same for the host that the client asked."
        ),
        Setting(
            "trusted-proxies", \.trustedProxies, .addresses, unset: "nobody is believed", in: .addresses,
            help:
                "Proxies whose X-Forwarded-For, -Proto and -Host, or else Forwarded, are believed; loopback is "
                + "this machine, private all networks that are not routed."),
        Setting(
            "authorization", \.authorization, .token, unset: "nobody is asked", in: .addresses,
            help: "A token every reader must bring, as ?token=… or as an Authorization: Bearer header."),
        Setting(
            "browser-client", \.browserClient, .choice(placeholder: "SWITCH"), default: "on", in: .addresses,
            help: "Whether the client script is served."),
        Setting(
            "client-script", \.clientScript, .path(placeholder: "FILE"), unset: "the built-in script",
            in: .addresses, help: "Another build of the client script to serve."),
        Setting(
            "tls-certificate", \.tlsCertificate, .path(placeholder: "FILE"), unset: "plain HTTP",
            in: .addresses,
            help:
                "Speak https and wss with this certificate and what follows it (PEM); SIGHUP reads it again. Needs "
                + "the package trait TLS."),
        Setting(
            "tls-key", \.tlsKey, .path(placeholder: "FILE"), unset: "plain HTTP", in: .addresses,
            help: "The private key of the certificate (PEM)."),
        Setting(
            "compression", \.compression, .choice(placeholder: "SWITCH"), default: "off", in: .addresses,
            help:
                "Whether WebSockets may agree on permessage-deflate. Needs the package trait Compression."),
        Setting(
            "compression-threshold", \.compressionThreshold, .bytes(0...gibibyte), default: "1024",
            in: .addresses, help: "The shortest message that is compressed; short ones gain little."),
        Setting(
            "public", \.publicDirectory, .path(placeholder: "DIR"), unset: "the built-in files",
            in: .addresses, help: "Files here are served instead of built-in ones of the same name."),
    ]

    private static let heartbeat = [
        Setting(
            "heartbeat", \.heartbeat, timeout, default: "20s", in: .heartbeat,
            help: "Time between pings; what else would be silent sends a blank or a comment. Proxies cut "
                + "silence after 50 to 60 seconds."),
        Setting(
            "heartbeat-timeout", \.heartbeatTimeout, timeout, default: "20s", in: .heartbeat,
            help: "How long a ping may stay unanswered."),
        Setting(
            "heartbeats", \.heartbeats, .choice(placeholder: "SWITCH"), default: "on", in: .heartbeat,
            help: "Whether Socket.IO 0.9 clients get heartbeats; later ones cannot do without."),
        Setting(
            "polling-duration", \.pollingDuration, timeout, default: "20s", in: .heartbeat,
            help: "How long a poll of a Socket.IO 0.9 client is held when there is nothing to say."),
        Setting(
            "close-timeout", \.closeTimeout, timeout, default: "60s", in: .heartbeat,
            help: "How long a Socket.IO 0.9 client may be between two polls, and the goodbye of any polling "
                + "client waits for its poll."),
    ]

    private static let limits = [
        Setting(
            "max-payload", \.maxPayloadBytes, .bytes(64...gibibyte), default: "1000000", in: .limits,
            help: "Longest message or polling body a client may send."),
        Setting(
            "max-head", \.maxHeadBytes, .bytes(1024...(1 << 20)), default: "16384", in: .limits,
            help: "Longest request line and headers."),
        Setting(
            "max-header-fields", \.maxHeaderFields, .integer(16...10_000), default: "128", in: .limits,
            help: "Header fields of one request."),
        Setting(
            "max-packets", \.maxPackets, .integer(1...1_000_000), default: "1000", in: .limits,
            help: "Packets in one body of a client that polls."),
        Setting(
            "max-fragments", \.maxFragments, .integer(1...10_000_000), default: "100000", in: .limits,
            help: "Frames that one WebSocket message may consist of."),
        Setting(
            "max-namespaces", \.maxNamespaces, .integer(1...100_000), default: "100", in: .limits,
            help: "Namespaces one client may be in."),
        Setting(
            "max-sessions", \.maxSessions, .integer(1...10_000_000), default: "100000", in: .limits,
            help: "Socket.IO sessions one event loop keeps; a handshake beyond them gets 503."),
        Setting(
            "max-buffered", \.maxBufferedBytes, .bytes(4096...gibibyte), default: "1048576", in: .limits,
            help: "What a client may leave untaken before it is dropped."),
        Setting(
            "send-buffer", \.sendBufferBytes, .bytes(8192...gibibyte), default: "262144", in: .limits,
            help:
                "What the system keeps for a client that reads slowly; a reader's next stanza waits in the text."
        ),
        Setting(
            "max-connections", \.maxConnections, .integer(0...10_000_000), default: "0", in: .limits,
            help: "Connections at once; 0 is as many as open files allow."),
        Setting(
            "max-per-address", \.maxConnectionsPerAddress, .integer(0...10_000_000), default: "0",
            in: .limits,
            help: "Connections of one address, or of one IPv6 /64; 0 is no limit. Trusted proxies have none."),
        Setting(
            "head-timeout", \.headTimeout, timeout, default: "10s", in: .limits,
            help: "Time to send a request's head."),
        Setting(
            "body-timeout", \.bodyTimeout, timeout, default: "20s", in: .limits,
            help: "Time to send a request's body."),
        Setting(
            "message-timeout", \.messageTimeout, timeout, default: "20s", in: .limits,
            help: "Time to send a WebSocket message, from its first byte to its last."),
        Setting(
            "idle-timeout", \.idleTimeout, timeout, default: "75s", in: .limits,
            help: "How long a connection is kept without a request."),
        Setting(
            "stall-timeout", \.stallTimeout, timeout, default: "60s", in: .limits,
            help: "How long a client may take nothing of what waits for it, or be out of reach."),
        Setting(
            "connect-timeout", \.connectTimeout, timeout, default: "45s", in: .limits,
            help: "Time from the handshake to Socket.IO's CONNECT, or to the first transport of a 0.9 client."
        ),
        Setting(
            "upgrade-timeout", \.upgradeTimeout, timeout, default: "10s", in: .limits,
            help: "Time to finish an upgrade from polling to WebSocket."),
    ]

    private static let process = [
        Setting(
            "drain-delay", \.drainDelay, .duration(.zero ... .seconds(86_400)), default: "0s", in: .process,
            help:
                "From SIGTERM or SIGINT: everything is served, but /readyz says 503, so that a balancer sends no "
                + "more readers."),
        Setting(
            "drain-window", \.drainWindow, .duration(.zero ... .seconds(86_400)), default: "5s", in: .process,
            help:
                "Behind that: goodbyes are spread over this time, or over 1 ms a reader where that is shorter."
        ),
        Setting(
            "shutdown-timeout", \.shutdownTimeout, .duration(.zero ... .seconds(86_400)), default: "5s",
            in: .process, help: "Behind that: the time connections have to end."),
        Setting(
            "threads", \.threads, .integer(0...1024), default: "0", in: .process,
            help: "Event loops; 0 is one for each core."),
        Setting(
            "log-level", \.logLevel, .choice(placeholder: "LEVEL"), default: "info", in: .process,
            help: "The least important lines logged."),
        Setting(
            "log-format", \.logFormat, .choice(placeholder: "FORMAT"), default: "text", in: .process,
            help: "Lines for people or for machines."),
    ]
}

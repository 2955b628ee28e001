internal import SocketIO
internal import SocketIOCore
internal import Synchronization

/// What the nodes of a cluster remember together of clients that may come back, in Redis.
///
/// | key | value | lives |
/// | --- | --- | --- |
/// | `socket.io-recovery#/nsp#ORIGIN` | a stream: the events of one node, by their numbers | two windows behind the last |
/// | `socket.io-recovery#/nsp` | the nodes that have such a stream | the same |
/// | `socket.io-session#/nsp#PID` | the node a client is with, its id, rooms and data | while it is connected and its node lives; behind that for a window |
///
/// Every change is one script, so that a pid opens once, and a node that has lost a client cannot write over its new
/// node's words. The channel `socket.io-recovery#ORIGIN#` tells a node what has been taken from it.
///
/// - Units: the window is ``RecoverySettings/maxDisconnectionDuration``. A killed node cannot say when that was: its
///   clients have between one and two windows.
/// - Limits: a stream has about ``RecoverySettings/maxEvents`` entries. What is to be kept waits for Redis like anything
///   else that this node says, within ``RedisLimits``; a client that would miss some of what was lost starts afresh.
final class RedisRecovery: RecoveryStore {
    private struct State {
        /// Sessions of clients that are connected here, which have to be kept alive, and for how long each time.
        var alive: [String: Duration] = [:]
        var renewal: Task<Void, Never>?
        var isStopped = false
    }

    let origin: String
    /// Where other nodes tell what they have taken.
    let channel: String
    private let link: RedisLink
    private let state = Mutex(State())

    init(_ link: RedisLink, randomness: UInt64) {
        self.link = link
        origin = Base64URL.text(randomness, digits: 6)
        channel = "\(link.prefix)-recovery#\(origin)#"
    }

    private func nodes(in namespace: String) -> String { "\(link.prefix)-recovery#\(namespace)" }
    private func stream(of origin: String, in namespace: String) -> String {
        "\(nodes(in: namespace))#\(origin)"
    }
    private func session(_ pid: String, in namespace: String) -> String {
        "\(link.prefix)-session#\(namespace)#\(pid)"
    }

    // MARK: Events

    func record(_ event: RecoverableEvent, in namespace: String, within settings: RecoverySettings) {
        // A stream that has run out begins anew: what was before is nobody's any more.
        let script = """
            local t, p = redis.call('TIME'), ARGV[2]
            if redis.call('EXISTS',KEYS[1]) == 0 then p = '0' end
            redis.call('XADD',KEYS[1],'MAXLEN','~',ARGV[3],ARGV[1]..'-0','p',p,'t',t[1]*1000000+t[2],'e',ARGV[4])
            redis.call('PEXPIRE',KEYS[1],ARGV[5])
            redis.call('ZADD',KEYS[2],t[1],ARGV[6])
            redis.call('ZREMRANGEBYSCORE',KEYS[2],'-inf',t[1]-ARGV[5]/1000-1)
            redis.call('PEXPIRE',KEYS[2],ARGV[5])
            """
        let payload = MessagePack.encode([
            .array(event.event), .texts(event.selection.rooms.sorted()),
            .texts(event.selection.except.sorted()),
        ])
        let window = (settings.maxDisconnectionDuration * 2).wholeMilliseconds
        tell(
            script, keys: [stream(of: event.mark.origin, in: namespace), nodes(in: namespace)],
            [
                Array(String(event.mark.number).utf8), Array(String(event.previous).utf8),
                Array(String(settings.maxEvents).utf8), payload, Array(String(window).utf8),
                Array(event.mark.origin.utf8),
            ])
    }

    func heads(in namespace: String) async -> [String: UInt64]? {
        guard let origins = await origins(in: namespace) else { return nil }
        var heads: [String: UInt64] = [:]
        for origin in origins {
            let newest = try? await link.commands.ask(
                "XREVRANGE", stream(of: origin, in: namespace), "+", "-", "COUNT", "1")
            guard let newest else { return nil }
            heads[origin] = newest.elements?.first.flatMap { Entry($0) }?.number
        }
        return heads
    }

    private func origins(in namespace: String) async -> [String]? {
        try? await link.commands.ask("ZRANGE", nodes(in: namespace), "0", "-1")
            .elements?.compactMap(\.text)
    }

    func events(
        after heard: [String: UInt64], in namespace: String, within settings: RecoverySettings
    ) async -> [RecoverableEvent]? {
        // Those that are known to Redis: what is heard is the client's word, and may name any number of others.
        guard let known = await origins(in: namespace) else { return nil }
        var streams: [(origin: String, entries: ArraySlice<Entry>)] = []
        var room = settings.maxEvents
        for origin in known {
            let start = heard[origin] ?? 0
            guard
                let entries = await entries(
                    of: stream(of: origin, in: namespace), after: start, atMost: room),
                Self.isWhole(entries, after: start)
            else { return nil }
            room -= entries.count
            if !entries.isEmpty { streams.append((origin, entries[...])) }
        }
        return Self.merged(streams)
    }

    /// In pages: one long answer would keep everything waiting that this node has to say.
    ///
    /// - Returns: nil when there are more.
    private func entries(of stream: String, after start: UInt64, atMost limit: Int) async -> [Entry]? {
        let page = 500
        var entries: [Entry] = []
        while entries.count <= limit {
            let next = min(entries.last?.number ?? start, (1 << 42) - 1) + 1
            let answer = try? await link.commands.ask(
                "XRANGE", stream, "\(next)-0", "+", "COUNT", "\(page)")
            guard let found = answer?.elements else { return nil }
            let some = found.compactMap(Entry.init)
            entries += some
            if found.count < page { return entries.count <= limit ? entries : nil }
            // Nothing of ours, which would be asked for again.
            if some.isEmpty { return nil }
        }
        return nil
    }

    /// Whether nothing is missing, neither at the beginning nor in between.
    private static func isWhole(_ entries: [Entry], after heard: UInt64) -> Bool {
        var last = heard
        for (index, entry) in entries.enumerated() {
            guard index == 0 ? entry.previous <= last : entry.previous == last else { return false }
            last = entry.number
        }
        return true
    }

    /// Each node's in its order, and of several nodes first what Redis got first.
    private static func merged(
        _ streams: [(origin: String, entries: ArraySlice<Entry>)]
    ) -> [RecoverableEvent] {
        var streams = streams
        var events: [RecoverableEvent] = []
        while let next = streams.indices.min(by: {
            streams[$0].entries.first!.at < streams[$1].entries.first!.at
        }) {
            let entry = streams[next].entries.removeFirst()
            let mark = EventMark(origin: streams[next].origin, number: entry.number)
            events.append(
                RecoverableEvent(
                    mark: mark, previous: entry.previous, selection: entry.selection, event: entry.event))
            if streams[next].entries.isEmpty { streams.remove(at: next) }
        }
        return events
    }

    /// One entry of a stream.
    private struct Entry: Sendable {
        let number: UInt64
        let previous: UInt64
        /// When Redis got it, in microseconds: one clock for all nodes.
        let at: Double
        let event: [JSON]
        let selection: Selection

        init?(_ value: RESPValue) {
            guard let parts = value.elements, parts.count == 2, let id = parts[0].text,
                let number = id.split(separator: "-").first.flatMap({ UInt64($0) }),
                let previous = parts[1]["p"]?.text.flatMap({ UInt64($0) }),
                let at = parts[1]["t"]?.text.flatMap({ Double($0) }), let payload = parts[1]["e"]?.bytes,
                let content = (try? MessagePack.decode(payload[...]))?.array, content.count == 3,
                let event = content[0].array
            else { return nil }
            (self.number, self.previous, self.at, self.event) = (number, previous, at, event)
            selection = Selection(rooms: Set(JSON.texts(content[1])), except: Set(JSON.texts(content[2])))
        }
    }

    // MARK: Clients

    func keep(
        _ session: RecoverableSession, pid: String, isNew: Bool, in namespace: String,
        within settings: RecoverySettings
    ) {
        let key = self.session(pid, in: namespace)
        let span = settings.maxDisconnectionDuration * 2
        if isNew {
            state.withLock { state in
                state.alive[key] = span
                if state.renewal == nil, !state.isStopped {
                    state.renewal = Task { [weak self] in await self?.renew(each: span / 4) }
                }
            }
        }
        write(session, key, isNew: isNew, for: span)
    }

    func left(
        _ session: RecoverableSession?, pid: String, in namespace: String, within settings: RecoverySettings
    ) {
        let key = self.session(pid, in: namespace)
        state.withLock { $0.alive[key] = nil }
        if let session { return write(session, key, isNew: false, for: settings.maxDisconnectionDuration) }
        let script =
            "if redis.call('HGET',KEYS[1],'owner') == ARGV[1] then redis.call('DEL',KEYS[1]) end"
        tell(script, keys: [key], [Array(origin.utf8)])
    }

    private func write(_ session: RecoverableSession, _ key: String, isNew: Bool, for span: Duration) {
        let script = """
            if ARGV[3] == '0' and redis.call('HGET',KEYS[1],'owner') ~= ARGV[1] then return end
            redis.call('DEL',KEYS[1])
            redis.call('HSET',KEYS[1],'owner',ARGV[1],'session',ARGV[2])
            redis.call('PEXPIRE',KEYS[1],ARGV[4])
            """
        tell(
            script, keys: [key],
            [
                Array(origin.utf8), MessagePack.encode(session.json), Array((isNew ? "1" : "0").utf8),
                Array(String(span.wholeMilliseconds).utf8),
            ])
    }

    func take(pid: String, in namespace: String) async -> StoredClient {
        let script = """
            local found = redis.call('HMGET',KEYS[1],'owner','session','taken')
            if found[3] then return 1 end
            if not found[2] then return nil end
            redis.call('DEL',KEYS[1])
            redis.call('HSET',KEYS[1],'taken','1')
            redis.call('PEXPIRE',KEYS[1],5000)
            if found[1] ~= ARGV[1] then redis.call('PUBLISH',ARGV[2]..found[1]..'#',ARGV[3]) end
            return found[2]
            """
        let answer = try? await link.commands.ask(
            "EVAL", script, "1", session(pid, in: namespace), origin, link.prefix + "-recovery#",
            "\(pid) \(namespace)")
        if answer == .integer(1) { return .busy }
        guard let bytes = answer?.bytes, let json = try? MessagePack.decode(bytes[...]),
            let session = RecoverableSession(json)
        else { return .unknown }
        return .found(session)
    }

    /// Another node has taken a client of this one: which, and in which namespace.
    func taken(_ payload: [UInt8]) -> (pid: String, namespace: String)? {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        let (pid, namespace) = (String(words[0]), String(words[1]))
        state.withLock { $0.alive[session(pid, in: namespace)] = nil }
        return (pid, namespace)
    }

    /// Keeps alive the sessions of those who are connected, so that those of a killed node run out.
    private func renew(each span: Duration) async {
        let script = "for _, key in ipairs(KEYS) do redis.call('PEXPIRE',key,ARGV[1]) end"
        while !Task.isCancelled {
            // Cancelled: the connection is about to end, and nobody would answer.
            guard (try? await Task.sleep(for: span)) != nil else { return }
            let alive = state.withLock { $0.alive }
            var left = Array(alive.keys)[...]
            while !left.isEmpty, let life = alive.values.first {
                let some = left.prefix(500)
                left = left.dropFirst(500)
                let words = ["EVAL", script, "\(some.count)"] + some + ["\(life.wholeMilliseconds)"]
                _ = try? await link.commands.ask(words.map { Array($0.utf8) })
            }
        }
    }

    func stop() {
        state.withLock { state in
            state.renewal?.cancel()
            state.renewal = nil
            state.isStopped = true
        }
    }

    private func tell(_ script: String, keys: [String], _ arguments: [[UInt8]]) {
        let words = ["EVAL", script, "\(keys.count)"] + keys
        link.commands.tell(words.map { Array($0.utf8) } + arguments)
    }
}

extension RecoverableSession {
    var json: JSON {
        ["id": .string(id), "rooms": .texts(rooms.sorted()), "data": .dictionary(data)]
    }

    init?(_ json: JSON) {
        guard let id = json["id"]?.string else { return nil }
        self.init(id: id, rooms: Set(JSON.texts(json["rooms"])), data: JSON.dictionary(json["data"]))
    }
}

import SocketIO
import SocketIOCore
import TestSupport
import Testing

/// What recovery promises, in runs drawn from a seed: clients on two event loops, cut at any moment with part of what
/// was sent to them lost, come back to either loop, before or after the server knows that they were gone; and each
/// hears every event that was meant for it once and in order.
@Suite struct RecoverySimulationTests {
    /// Two loops whose work runs when chance says so, on one thread.
    private final class Town {
        let server: Server
        let chat: Namespace
        let loops = [TestLoop(), TestLoop()]
        var shards: [Shard] = []
        var random: SeededGenerator
        let now = Instant(nanoseconds: 0)
        /// Number of the event, and for whom: everybody but `except`, or `only` one.
        var said: [(number: Int, only: String?, except: String?)] = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            var server = Server()
            server.settings.recovery = RecoverySettings()
            self.server = server
            chat = server.namespace("/chat")
            let now = now
            server.registry.hub.open(loops: loops.map(\.entry), now: { now }, report: { _ in })
            for (index, loop) in loops.enumerated() {
                var ids = SeededGenerator(seed: seed &* 31 &+ UInt64(index))
                shards.append(
                    Shard(
                        server: server, index: UInt8(index), startingAt: now, random: { ids.next() },
                        onLoop: loop.entry))
            }
        }

        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

        func say(to guests: [Guest]) throws {
            let number = said.count
            let one = guests.isEmpty ? nil : guests[self.number(0..<guests.count)].id
            switch self.number(0..<4) {
            case 0 where one != nil:
                said.append((number, one, nil))
                try chat.to(one!).emit("n", number)
            case 1 where one != nil:
                said.append((number, nil, one))
                try chat.except(one!).emit("n", number)
            default:
                said.append((number, nil, nil))
                try chat.emit("n", number)
            }
        }

        /// One piece of work of one loop, if there is any.
        func turn(_ index: Int) async {
            guard !loops[index].isIdle else { return }
            await loops[index].next()?(shards[index], now)
        }

        func settle() async {
            for index in loops.indices { while !loops[index].isIdle { await turn(index) } }
        }
    }

    /// A Socket.IO 4 client that keeps its pid and its offset.
    private final class Guest {
        let town: Town
        var link: RecordingLink?
        /// Connections that are dead, and of which the server does not know it.
        var lost: [RecordingLink] = []
        var id = ""
        var pid = ""
        var offset: String?
        var heard: [Int] = []
        var isRecovered = true

        init(in town: Town) {
            self.town = town
            connect()
        }

        func connect() {
            let link = RecordingLink()
            self.link = link
            let shard = town.shards[town.number(0..<2)]
            let request = Request(
                method: "GET", target: "/socket.io/?EIO=4&transport=websocket",
                headers: [
                    ("Host", "a"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ])
            shard.received(request, on: link, at: town.now)
            _ = link.news()
            link.says(
                offset.map { #"40/chat,{"pid":"\#(pid)","offset":"\#($0)"}"# } ?? "40/chat,", at: town.now)
        }

        /// Reads `count` of what has arrived, or all of it.
        func read(_ count: Int? = nil) {
            for event in (link?.news() ?? []).prefix(count ?? .max) {
                guard case .text(let text) = event else { continue }
                let parts = text.split(separator: "\"").map(String.init)
                if text.hasPrefix("40/chat") {
                    // Another id is another stay: it begins anew.
                    if parts[3] != id { heard = [] }
                    (id, pid) = (parts[3], parts[7])
                } else if text.hasPrefix("42/chat"), let number = Int(parts[2].dropFirst().dropLast()) {
                    heard.append(number)
                    offset = parts[3]
                }
            }
        }

        func cut() {
            guard let link else { return }
            // What it has not read by now never arrives.
            read(town.number(0..<3))
            if town.number(0..<2) == 0 { link.hangsUp(at: town.now) } else { lost.append(link) }
            self.link = nil
        }

        /// The server notices, late.
        func isMissed() {
            if !lost.isEmpty { lost.remove(at: town.number(0..<lost.count)).hangsUp(at: town.now) }
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func eachHearsWhatIsMeantForItOnceAndInOrder(seed: UInt64) async throws {
        let town = Town(seed: seed)
        let guests = (0..<5).map { _ in Guest(in: town) }
        for guest in guests { guest.read() }
        for _ in 0..<400 {
            let guest = guests[town.number(0..<guests.count)]
            switch town.number(0..<11) {
            case 0...3: try town.say(to: guests)
            case 4...6: await town.turn(town.number(0..<2))
            case 7: guest.read()
            case 8: guest.cut()
            case 9: guest.isMissed()
            default: if guest.link == nil { guest.connect() }
            }
        }
        await town.settle()
        for guest in guests {
            if guest.link == nil { guest.connect() }
        }
        await town.settle()
        for guest in guests { guest.read() }
        #expect(Set(guests.map(\.id)).count == guests.count, "seed \(seed): one id, one client")
        try town.chat.emit("n", town.said.count)
        town.said.append((town.said.count, nil, nil))
        await town.settle()
        for (index, guest) in guests.enumerated() {
            guest.read()
            let first = try #require(guest.heard.first, "seed \(seed), client \(index)")
            let meant = town.said.filter {
                $0.number >= first && ($0.only == nil || $0.only == guest.id) && $0.except != guest.id
            }
            #expect(guest.heard == meant.map(\.number), "seed \(seed), client \(index)")
        }
    }
}

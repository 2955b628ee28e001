import SocketIOCore
import TestSupport
import Testing

@testable import SocketIO

/// What recovery promises in a cluster, in runs drawn from a seed: three nodes that hear of each other late, are killed
/// and come back as new ones, and clients that are cut off with part of what was sent to them lost and come back to
/// any node, noticed or not. Each hears every event that was meant for it once, and those of one node in their order.
@Suite(.timeLimit(.minutes(5))) struct ClusterRecoverySimulationTests {
    private final class Node {
        let server: Server
        let post: SharedMemory.Post
        let loop = TestLoop()
        let shard: Shard
        let chat: Namespace
        let number: Int

        init(_ number: Int, _ memory: SharedMemory, at now: Instant) async throws {
            self.number = number
            post = SharedMemory.Post(memory, origin: "node" + (number < 10 ? "0" : "") + "\(number)")
            var server = Server()
            server.settings.recovery = RecoverySettings()
            server.settings.node = UInt16(number)
            server.adapter = post
            self.server = server
            chat = server.namespace("/chat")
            server.registry.hub.open(loops: [loop.entry], now: { now }, report: { _ in })
            var ids = SeededGenerator(seed: UInt64(number))
            shard = Shard(
                server: server, index: 0, startingAt: now, random: { ids.next() }, onLoop: loop.entry)
            try await server.joinCluster()
        }

        func turn() async {
            guard !loop.isIdle else { return }
            await loop.next()?(shard, Instant(nanoseconds: 0))
        }
    }

    private final class Town {
        let memory = SharedMemory()
        var nodes: [Node] = []
        var born = 0
        var random: SeededGenerator
        let now = Instant(nanoseconds: 0)
        var said: [(speaker: Int, only: String?, except: String?)] = []

        init(seed: UInt64) async throws {
            random = SeededGenerator(seed: seed)
            for _ in 0..<3 { try await add() }
        }

        func add() async throws {
            born += 1
            nodes.append(try await Node(born, memory, at: now))
        }

        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

        func say(to guests: [Guest]) throws {
            let number = said.count
            let node = nodes[self.number(0..<nodes.count)]
            let one = guests[self.number(0..<guests.count)].id
            switch self.number(0..<5) {
            case 4:
                // To one alone, by its socket: that is where it is now, or was when it was cut off.
                let here = Selection(rooms: [one])
                guard let client = node.shard.local(node.chat).selected(here).first,
                    let index = client.membership(of: "/chat")
                else { return }
                said.append((node.number, one, nil))
                try client.socket(at: index).emit("n", number)
            case 0 where !one.isEmpty:
                said.append((node.number, one, nil))
                try node.chat.to(one).emit("n", number)
            case 1 where !one.isEmpty:
                said.append((node.number, nil, one))
                try node.chat.except(one).emit("n", number)
            default:
                said.append((node.number, nil, nil))
                try node.chat.emit("n", number)
            }
        }

        func settle() async {
            for node in nodes {
                while node.post.read() {}
                while !node.loop.isIdle { await node.turn() }
            }
        }

        /// As a crash: nobody is told, and what was for it is lost.
        func kill(_ index: Int) async throws -> Int {
            let node = nodes.remove(at: index)
            node.post.die()
            try await add()
            return node.number
        }
    }

    private final class Guest {
        let town: Town
        var link: RecordingLink?
        var node = 0
        var lost: [RecordingLink] = []
        var (id, pid) = ("", "")
        var offset: String?
        var heard: [Int] = []
        /// What was said before it came first.
        var first = 0
        var isIn = false

        init(in town: Town) { self.town = town }

        func connect() async {
            if offset == nil {
                // For somebody who is new it has to be clear what comes before.
                await town.settle()
                first = town.said.count
                heard = []
            }
            let link = RecordingLink()
            self.link = link
            isIn = false
            // Its last one, often, if that is still there.
            let last = town.number(0..<2) == 0 ? town.nodes.first { $0.number == node } : nil
            let home = last ?? town.nodes[town.number(0..<town.nodes.count)]
            node = home.number
            let request = Request(
                method: "GET", target: "/socket.io/?EIO=4&transport=websocket",
                headers: [
                    ("Host", "a"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                    ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ])
            home.shard.received(request, on: link, at: town.now)
            _ = link.news()
            link.says(
                offset.map { #"40/chat,{"pid":"\#(pid)","offset":"\#($0)"}"# } ?? "40/chat,", at: town.now)
            if offset == nil { read() }
        }

        func read(_ count: Int? = nil) {
            for event in (link?.news() ?? []).prefix(count ?? .max) {
                if case .close = event { link = nil }
                guard case .text(let text) = event else { continue }
                let parts = text.split(separator: "\"").map(String.init)
                if text.hasPrefix("40/chat") {
                    #expect(id.isEmpty || offset == nil || parts[3] == id, "a stranger")
                    (id, pid) = (parts[3], parts[7])
                    isIn = true
                } else if text.hasPrefix("42/chat"), let number = Int(parts[2].dropFirst().dropLast()) {
                    heard.append(number)
                    offset = parts[3]
                }
            }
        }

        func cut(isNoticed: Bool) {
            guard let link else { return }
            read(town.number(0..<3))
            if isNoticed { link.hangsUp(at: town.now) } else { lost.append(link) }
            self.link = nil
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func eachHearsWhatIsMeantForItOnce(seed: UInt64) async throws {
        let town = try await Town(seed: seed)
        let guests = (0..<5).map { _ in Guest(in: town) }
        for guest in guests { await guest.connect() }
        for _ in 0..<400 {
            let guest = guests[town.number(0..<guests.count)]
            let node = town.nodes[town.number(0..<town.nodes.count)]
            switch town.number(0..<60) {
            case 0..<14: try town.say(to: guests)
            case 14..<28: await node.turn()
            case 28..<38: node.post.read()
            case 38..<43: guest.read()
            case 43..<50: guest.cut(isNoticed: town.number(0..<2) == 0)
            case 50..<52:
                if !guest.lost.isEmpty { guest.lost.removeFirst().hangsUp(at: town.now) }
            case 52:
                let gone = try await town.kill(town.number(0..<3))
                for guest in guests where guest.node == gone {
                    guest.cut(isNoticed: false)
                    guest.lost = []
                }
            default:
                guard guest.link == nil else { continue }
                await guest.connect()
                // The store's answer comes by a task: without some patience nobody would be in before the next cut.
                var patience = town.number(0..<4) == 0 ? 0 : 20_000
                while patience > 0, guest.link?.hasNews == false {
                    for node in town.nodes { await node.turn() }
                    await Task.yield()
                    patience -= 1
                }
            }
        }
        // Whoever was cut off, or was taken for somebody who was, comes back.
        var rounds = 0
        repeat {
            await town.settle()
            for guest in guests {
                guest.read()
                if guest.link == nil { await guest.connect() }
            }
            await Task.yield()
            rounds += 1
        } while (!guests.allSatisfy { $0.isIn && $0.link != nil }) && rounds < 1_000_000
        for node in town.nodes {
            town.said.append((node.number, nil, nil))
            try node.chat.emit("n", town.said.count - 1)
        }
        await town.settle()
        for (index, guest) in guests.enumerated() {
            guest.read()
            let meant = town.said.indices.filter { number in
                let (_, only, except) = town.said[number]
                return number >= guest.first && (only == nil || only == guest.id) && except != guest.id
            }
            #expect(guest.heard.sorted() == meant, "seed \(seed), client \(index)")
            for speaker in Set(town.said.map(\.speaker)) {
                let words = guest.heard.filter { town.said[$0].speaker == speaker }
                #expect(words == words.sorted(), "seed \(seed), client \(index), node \(speaker)")
            }
        }
    }
}

import SocketIO
import SocketIOCore
import TestSupport
import Testing

@testable import SocketIORedis

@Suite struct AdapterWireTests {
    @Test func channelsAreNamedAsPublished() {
        let channels = AdapterChannels(namespace: "/chat")
        #expect(channels.everybody == "socket.io#/chat#")
        #expect(channels.broadcast(rooms: ["a"]) == "socket.io#/chat#a#")
        #expect(channels.broadcast(rooms: ["a", "b"]) == "socket.io#/chat#")
        #expect(channels.broadcast(rooms: []) == "socket.io#/chat#")
        #expect(channels.request == "socket.io-request#/chat#")
        #expect(channels.response(for: "x") == "socket.io-response#/chat#x#")
        #expect(AdapterChannels(namespace: "/a*[b]").pattern == #"socket.io#/a\*\[b\]#*"#)
    }

    @Test(arguments: [
        ("socket.io#/chat#", ""), ("socket.io#/chat#a#", "a"), ("socket.io#/chat#a#b#", "a#b"),
        ("socket.io#/chat#a", nil), ("socket.io#/cha#", nil), ("socket.io-request#/chat#", nil),
    ])
    func aChannelNamesItsRoom(channel: String, room: String?) {
        #expect(AdapterChannels(namespace: "/chat").room(of: channel).map { String($0) } == room)
    }

    /// `msgpack.packb(["abc123", {"type": 2, "data": ["hi", 1, {"b": b"\x01\x02"}], "nsp": "/"},
    /// {"rooms": ["r1"], "except": [], "flags": {}}])` of msgpack 1.2.1: what notepack.io writes too.
    static let broadcast = """
        93a661626331323383a47479706502a46461746193a268690181a162c4020102a36e7370a12f\
        83a5726f6f6d7391a27231a665786365707490a5666c61677380
        """

    @Test func aBroadcastIsWrittenAndReadAsPublished() {
        let packet = AdapterPacket(namespace: "/", data: ["hi", 1, ["b": .binary([1, 2])]])
        let broadcast = AdapterBroadcast(uid: "abc123", packet: packet, selection: Selection(rooms: ["r1"]))
        #expect(broadcast.encoded == bytes(Self.broadcast))
        #expect(AdapterBroadcast(bytes(Self.broadcast)) == broadcast)
    }

    /// What the emitter leaves out, or adds.
    @Test(
        arguments: [
            (
                .array(["emitter", ["type": 2, "data": ["x"]], ["rooms": [7], "flags": ["volatile": true]]]),
                AdapterBroadcast(
                    uid: "emitter", packet: AdapterPacket(namespace: "/", data: ["x"]),
                    selection: Selection(rooms: ["7"], isVolatile: true))
            ),
            (
                .array(["u", ["type": 5, "data": ["x"], "nsp": "/n"], ["rooms": []], "more"]),
                AdapterBroadcast(
                    uid: "u", packet: AdapterPacket(namespace: "/n", data: ["x"]), selection: Selection())
            ),
            (.array(["u", ["type": 2, "data": []], ["rooms": []]]), nil),
            (.array(["u", ["type": 2, "data": [1]], ["rooms": []]]), nil),
            (.array(["u", ["type": 2, "data": ["x"]]]), nil),
            (.array([1, ["type": 2, "data": ["x"]], ["rooms": []]]), nil),
            ("text", nil),
        ] as [(JSON, AdapterBroadcast?)])
    func readsBroadcastsOfOthers(json: JSON, broadcast: AdapterBroadcast?) {
        #expect(AdapterBroadcast(MessagePack.encode(json)) == broadcast)
    }

    static let some = Selection(rooms: ["b", "a"], except: ["c"])

    /// As `JSON.stringify` writes what @socket.io/redis-adapter 8.3 publishes, its members in its order.
    static let requests: [(text: String, request: AdapterRequest)] = [
        (
            #"{"uid":"u","requestId":"q","type":0,"rooms":["a","b"]}"#,
            AdapterRequest(.sockets(Selection(rooms: ["a", "b"])), uid: "u", id: "q")
        ),
        (#"{"uid":"u","requestId":"q","type":1}"#, AdapterRequest(.allRooms, uid: "u", id: "q")),
        (
            #"{"uid":"u","type":2,"opts":{"rooms":["a","b"],"except":["c"]},"rooms":["x","y"]}"#,
            AdapterRequest(.join(some, rooms: ["x", "y"]), uid: "u")
        ),
        (
            #"{"uid":"u","type":3,"opts":{"rooms":["a","b"],"except":["c"]},"rooms":["x"]}"#,
            AdapterRequest(.leave(some, rooms: ["x"]), uid: "u")
        ),
        (
            #"{"uid":"u","type":4,"opts":{"rooms":["a","b"],"except":["c"]},"close":true}"#,
            AdapterRequest(.disconnect(some, close: true), uid: "u")
        ),
        (
            #"{"uid":"u","requestId":"q","type":5,"opts":{"rooms":[],"except":[]}}"#,
            AdapterRequest(.fetch(Selection()), uid: "u", id: "q")
        ),
        (
            #"{"uid":"u","requestId":"q","type":6,"data":["ping",{"n":1}]}"#,
            AdapterRequest(.serverSideEmit(["ping", ["n": 1]]), uid: "u", id: "q")
        ),
    ]

    @Test(arguments: requests)
    func requestsAreWrittenAndReadAsPublished(text: String, request: AdapterRequest) {
        #expect(String(decoding: request.encoded, as: UTF8.self) == text)
        #expect(AdapterRequest(Array(text.utf8)) == request)
    }

    @Test func aBroadcastThatIsAcknowledgedIsMessagePack() {
        let request = AdapterRequest(
            .broadcast(AdapterPacket(namespace: "/", data: ["hi", .binary([1])]), Selection(rooms: ["r"])),
            uid: "u", id: "q")
        #expect(request.encoded.first == 0x85)
        #expect(AdapterRequest(request.encoded) == request)
    }

    /// One socket by its id, as adapters up to version 7 ask.
    @Test func readsOlderRequests() {
        #expect(
            AdapterRequest(Array(#"{"requestId":"q","type":2,"sid":"s","room":"r"}"#.utf8))
                == AdapterRequest(.join(Selection(rooms: ["s"]), rooms: ["r"]), uid: nil, id: "q"))
        #expect(
            AdapterRequest(Array(#"{"type":4,"sid":"s","close":false}"#.utf8))
                == AdapterRequest(.disconnect(Selection(rooms: ["s"]), close: false), uid: nil))
    }

    @Test(arguments: ["", "{", "{}", #"{"type":99}"#, #"{"type":6,"data":[1]}"#, #"{"type":8}"#, "x"])
    func ignoresWhatIsNoRequest(text: String) { #expect(AdapterRequest(Array(text.utf8)) == nil) }

    static let responses: [(text: String, response: AdapterResponse)] = [
        (#"{"requestId":"q","sockets":["s1"]}"#, AdapterResponse(.sockets(["s1"]), id: "q")),
        (#"{"requestId":"q","rooms":["r"]}"#, AdapterResponse(.rooms(["r"]), id: "q")),
        (#"{"type":6,"requestId":"q","data":"pong"}"#, AdapterResponse(.serverSideEmit(["pong"]), id: "q")),
        (#"{"type":8,"requestId":"q","clientCount":3}"#, AdapterResponse(.clientCount(3), id: "q")),
        (#"{"requestId":"q"}"#, AdapterResponse(.done, id: "q")),
    ]

    @Test(arguments: responses)
    func responsesAreWrittenAndReadAsPublished(text: String, response: AdapterResponse) {
        #expect(String(decoding: response.encoded, as: UTF8.self) == text)
        #expect(AdapterResponse(Array(text.utf8)) == response)
    }

    @Test func anAcknowledgementMayHoldBytesAndSeveralArguments() {
        for arguments in [[], ["a"], ["a", .binary([9])]] as [[JSON]] {
            let response = AdapterResponse(.acknowledgement(arguments), id: "q")
            #expect(AdapterResponse(response.encoded) == response)
        }
        // As @socket.io/redis-adapter writes it.
        let other: JSON = ["type": 9, "requestId": "q", "packet": "x"]
        #expect(
            AdapterResponse(MessagePack.encode(other)) == AdapterResponse(.acknowledgement(["x"]), id: "q"))
    }

    /// Whatever another server publishes is read or ignored.
    @Test func garbageIsReadOrIgnored() {
        let seeds = Self.requests.map { Array($0.text.utf8) } + [bytes(Self.broadcast)]
        for seed in 0..<2_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let garbage = generator.mutated(seeds.randomElement(using: &generator) ?? [])
            _ = AdapterBroadcast(garbage)
            _ = AdapterRequest(garbage)
            _ = AdapterResponse(garbage)
            _ = PythonMessage(garbage)
        }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { UInt8($0 > 0x40 ? ($0 & 0x0F) + 9 : $0 & 0x0F) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

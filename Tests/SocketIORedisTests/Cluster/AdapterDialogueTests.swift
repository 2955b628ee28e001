import SocketIO
import SocketIOCore
import Testing

@testable import SocketIORedis

@Suite struct AdapterDialogueTests {
    private var one = AdapterDialogue(prefix: "socket.io", randomness: 1)
    private var two = AdapterDialogue(prefix: "socket.io", randomness: 2)

    /// Everything a node says is what the other hears, and is no news to itself.
    @Test(arguments: [
        ClusterMessage.broadcast(Selection(rooms: ["a"], isVolatile: true), event: ["e", .binary([1])]),
        .broadcast(Selection(rooms: ["a", "b"], except: ["c"]), event: ["e"]),
        .broadcast(Selection(rooms: ["a"]), event: ["e", 1], question: "q"),
        .join(Selection(rooms: ["a"]), rooms: ["b", "c"]),
        .leave(Selection(except: ["a"]), rooms: ["b"]),
        .disconnect(Selection(rooms: ["a"]), closes: true),
        .fetch(Selection(rooms: ["a"]), question: "q"),
        .serverSide(event: ["e", ["x": 1]]),
        .serverSide(event: ["e"], question: "q"),
    ])
    mutating func isHeardByOthersOnly(message: ClusterMessage) throws {
        let maybeSaid = one.outgoing(message, in: "/chat")
        let said = try #require(maybeSaid)
        let maybeHeard = two.incoming(channel: said.channel, payload: said.payload)
        let heard = try #require(maybeHeard)
        #expect(heard.message == message)
        #expect(heard.namespace == "/chat")
        let own = one.incoming(channel: said.channel, payload: said.payload)
        #expect(own == nil)
    }

    /// On the asking node's own channel, which nobody else hears.
    @Test mutating func answersGoToTheAskingNode() throws {
        let socket = SocketDescription(
            id: "s", rooms: ["s", "r"], data: ["name": "Ada"], handshake: ["url": "/"])
        let questions: [(ClusterMessage, [ClusterMessage])] = [
            (.fetch(Selection(), question: "1"), [.fetched("1", [socket])]),
            (
                .broadcast(Selection(), event: ["e"], question: "2"),
                [.asked("2", clients: 2), .acknowledged("2", ["x"]), .acknowledged("2", [.binary([7]), 1])]
            ),
            (.serverSide(event: ["e"], question: "3"), [.serverSideAnswer("3", ["y"])]),
        ]
        for (question, answers) in questions {
            let maybeAsked = one.outgoing(question, in: "/")
            let asked = try #require(maybeAsked)
            _ = two.incoming(channel: asked.channel, payload: asked.payload)
            for answer in answers {
                let maybeSaid = two.outgoing(answer, in: "/")
                let said = try #require(maybeSaid)
                #expect(said.channel == "socket.io-response#/#\(one.uid)#")
                let maybeHeard = one.incoming(channel: said.channel, payload: said.payload)
                let heard = try #require(maybeHeard)
                #expect(heard.message == answer)
                #expect(heard.namespace == "/")
            }
        }
    }

    /// What Socket.IO's own servers ask, in the form they want the answer in, where they listen for it.
    @Test(arguments: [
        (#"{"uid":"x","requestId":"q","type":0,"rooms":[]}"#, #"{"requestId":"q","sockets":["s"]}"#),
        (#"{"uid":"x","requestId":"q","type":1}"#, #"{"requestId":"q","rooms":["r","s"]}"#),
        (
            #"{"uid":"x","requestId":"q","type":5,"opts":{"rooms":[],"except":[]}}"#,
            #"{"requestId":"q","sockets":[{"id":"s","handshake":{},"rooms":["r","s"],"data":{}}]}"#
        ),
    ])
    mutating func othersAreAnsweredInTheirForm(request: String, answer: String) throws {
        let maybeHeard = one.incoming(channel: "socket.io-request#/#", payload: Array(request.utf8))
        let heard = try #require(maybeHeard)
        #expect(heard.message == .fetch(Selection(), question: "q"))
        let socket = SocketDescription(id: "s", rooms: ["s", "r"], data: [:], handshake: .object([]))
        let maybeSaid = one.outgoing(.fetched("q", [socket]), in: "/")
        let said = try #require(maybeSaid)
        #expect(said.channel == "socket.io-response#/#")
        #expect(String(decoding: said.payload, as: UTF8.self) == answer)
        let again = one.outgoing(.fetched("q", [socket]), in: "/")
        #expect(again == nil, "asked once, answered once")
    }

    @Test mutating func hearsOtherPrefixesNot() throws {
        var other = AdapterDialogue(prefix: "other", randomness: 3)
        let maybeSaid = other.outgoing(.broadcast(Selection(), event: ["e"]), in: "/")
        let said = try #require(maybeSaid)
        let heard = one.incoming(channel: said.channel, payload: said.payload)
        #expect(heard == nil)
    }

    @Test func aBoundedMapForgetsItsOldest() {
        var map = BoundedMap<Int, String>(limit: 3)
        for key in 1...4 { map[key] = "\(key)" }
        #expect(map[1] == nil && map[2] == "2" && map.count == 3)
        map[3] = nil
        map[2] = "again"
        map[5] = "5"
        #expect(map[2] == "again" && map[3] == nil && map[5] == "5")
        for key in 10..<1000 { map[key] = "" }
        #expect(map.count == 3)
    }
}

@Suite struct PythonDialogueTests {
    private var one = PythonDialogue(host: "one")
    private var two = PythonDialogue(host: "two")

    @Test(arguments: [
        ClusterMessage.broadcast(Selection(), event: ["e", 1, .binary([2])]),
        .broadcast(Selection(rooms: ["a", "b"], except: ["c"]), event: ["e"]),
        .join(Selection(rooms: ["s"]), rooms: ["r"]),
        .leave(Selection(rooms: ["s"]), rooms: ["r"]),
        .disconnect(Selection(rooms: ["s"]), closes: false),
    ])
    mutating func isHeardByOthersOnly(message: ClusterMessage) throws {
        let said = one.outgoing(message, in: "/chat")
        #expect(said.count == 1)
        let maybeHeard = two.incoming(said[0])
        let heard = try #require(maybeHeard)
        #expect(heard.message == message)
        #expect(heard.namespace == "/chat")
        let own = one.incoming(said[0])
        #expect(own == nil)
    }

    @Test mutating func aCallbackIsAnsweredToTheServerThatAsked() throws {
        let asked = PythonMessage(
            .emit(
                event: "e", arguments: [], rooms: ["s"], skipped: [], .init(room: "s", namespace: "/n", id: 7)
            ),
            namespace: "/n", host: "python")
        guard case .broadcast(_, _, let question?)? = one.incoming(asked.encoded)?.message else {
            Issue.record("no question")
            return
        }
        let said = one.outgoing(.acknowledged(question, ["yes", 2]), in: "/n")
        #expect(
            said.map { PythonMessage($0) } == [
                PythonMessage(
                    .callback(sid: "s", id: 7, arguments: ["yes", 2]), namespace: "/n", host: "python")
            ])
    }

    /// It has heard them in Socket.IO's format already.
    @Test mutating func ignoresWhatIsSaidByItsOwnKind() {
        var dante = PythonDialogue(host: "dante-x")
        let said = dante.outgoing(.broadcast(Selection(), event: ["e"]), in: "/")
        let heard = one.incoming(said[0])
        #expect(heard == nil)
    }

    @Test mutating func saysNothingThatPythonDoesNotKnow() {
        for message in [
            ClusterMessage.fetch(Selection(), question: "q"), .serverSide(event: ["e"]),
            .broadcast(Selection(), event: ["e"], question: "q"),
        ] {
            let said = one.outgoing(message, in: "/")
            #expect(said == [])
        }
    }
}

import SocketIOCore
import Testing

@testable import SocketIORedis

@Suite struct PythonMessageTests {
    /// Published by python-socketio 5.18.1, `RedisManager.emit` and its siblings, without blanks.
    static let vectors: [(text: String, message: PythonMessage)] = [
        (
            #"{"method":"emit","event":"say","data":["hi",{"n":1}],"binary":false,"room":"r","#
                + #""skip_sid":null,"callback":null,"namespace":"/","host_id":"h"}"#,
            PythonMessage(
                .emit(event: "say", arguments: ["hi", ["n": 1]], rooms: ["r"], skipped: [], nil),
                namespace: "/", host: "h")
        ),
        (
            #"{"method":"emit","event":"say","data":[[{"_placeholder":true,"num":0}],"AQI="],"binary":true,"#
                + #""room":null,"skip_sid":["s"],"callback":["r","/n",7],"namespace":"/n","host_id":"h"}"#,
            PythonMessage(
                .emit(
                    event: "say", arguments: [.binary([1, 2])], rooms: [], skipped: ["s"],
                    .init(room: "r", namespace: "/n", id: 7)),
                namespace: "/n", host: "h")
        ),
        (
            #"{"method":"callback","sid":"r","id":7,"args":["ok"],"namespace":"/","host_id":"h"}"#,
            PythonMessage(.callback(sid: "r", id: 7, arguments: ["ok"]), namespace: "/", host: "h")
        ),
        (
            #"{"method":"disconnect","sid":"s","namespace":"/","host_id":"h"}"#,
            PythonMessage(.disconnect(sid: "s"), namespace: "/", host: "h")
        ),
        (
            #"{"method":"enter_room","sid":"s","room":"r","namespace":"/","host_id":"h"}"#,
            PythonMessage(.enterRoom(sid: "s", room: "r"), namespace: "/", host: "h")
        ),
        (
            #"{"method":"leave_room","sid":"s","room":"r","namespace":"/","host_id":"h"}"#,
            PythonMessage(.leaveRoom(sid: "s", room: "r"), namespace: "/", host: "h")
        ),
        (
            #"{"method":"close_room","room":"r","namespace":"/","host_id":"h"}"#,
            PythonMessage(.closeRoom("r"), namespace: "/", host: "h")
        ),
    ]

    @Test(arguments: vectors)
    func isWrittenAndReadAsPublished(text: String, message: PythonMessage) {
        #expect(String(decoding: message.encoded, as: UTF8.self) == text)
        #expect(PythonMessage(Array(text.utf8)) == message)
    }

    @Test func severalRoomsAndOneSkippedSocketAreReadToo() {
        let text = #"{"method":"emit","event":"e","data":[],"room":["a","b"],"skip_sid":"s"}"#
        #expect(
            PythonMessage(Array(text.utf8))
                == PythonMessage(
                    .emit(event: "e", arguments: [], rooms: ["a", "b"], skipped: ["s"], nil), namespace: "/",
                    host: ""))
    }

    /// The first is a pickle.
    @Test(arguments: [
        "\u{80}\u{04}K\u{01}.", "", "[]", "{}", #"{"method":"emit"}"#, #"{"method":"eval","sid":"s"}"#,
        #"{"method":"emit","event":"e","data":[{"_placeholder":true,"num":4}],"binary":true}"#,
    ])
    func ignoresWhatIsNoMessage(text: String) { #expect(PythonMessage(Array(text.utf8)) == nil) }
}

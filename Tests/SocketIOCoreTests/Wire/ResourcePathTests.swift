import SocketIOCore
import Testing

@Suite struct ResourcePathTests {
    static let paths: [(Substring, String?)] =
        [
            ("/socket.io/", ""), ("/socket.io/socket.io.js", "socket.io.js"),
            ("/socket.io/1/xhr-polling/x", "1/xhr-polling/x"),
            ("/a/socket.io/", ""), ("/a/b/c/socket.io/foo/bar", "foo/bar"), ("//socket.io/", ""),
            ("/a//socket.io//1//", "1//"),
            ("/socket.io/socket.io/", ""), ("/socket.io/x/socket.io/y", "y"),
            ("/socket.io/socket.io", "socket.io"),
            ("/%73ocket%2Eio/", ""), ("/socket%2eio/%20", "%20"), ("/a%2Fb/socket.io/c", "c"),
            ("/é/socket.io/", ""),
            ("socket.io/", ""),
            ("/socket.io", nil), ("/a/socket.io", nil), ("", nil), ("/", nil), ("//", nil),
            ("/xsocket.io/", nil),
            ("/socket.iox/", nil), ("/Socket.IO/", nil), ("/socket%2Fio/", nil), ("/a%2Fsocket.io/", nil),
            ("/socket.io%2F", nil), ("/socket%252Eio/", nil), ("/socket.io%/", nil),
        ] as [(Substring, String?)]

    @Test(arguments: paths)
    func findsTheResourceAtAnyDepth(path: Substring, rest: String?) {
        #expect(ResourcePath(resource: "socket.io").rest(of: path).map(String.init) == rest)
    }

    @Test(
        arguments: [
            ("/myApp/server.js/", ""), ("/x/myApp//server.js/1/", "1/"), ("/myApp/myApp/server.js/y", "y"),
            ("/myApp/server.js", nil), ("/server.js/", nil), ("/myApp/x/server.js/", nil),
            ("/myApp%2Fserver.js/", nil),
        ] as [(Substring, String?)])
    func theResourceMayHaveSeveralSegments(path: Substring, rest: String?) {
        for resource in ["myApp/server.js", "/myApp/server.js/", "//myApp//server.js"] {
            #expect(ResourcePath(resource: resource).rest(of: path).map(String.init) == rest)
        }
    }

    @Test(arguments: ["", "/", "//"])
    func anEmptyResourceIsNowhere(resource: String) {
        #expect(ResourcePath(resource: resource).rest(of: "/a/") == nil)
        #expect(ResourcePath(resource: resource).rest(of: "") == nil)
    }

    @Test(
        arguments: [
            ("/a/ws", "ws"), ("/", ""), ("", ""), ("/ws/", ""), ("//ws", "ws"), ("ws", "ws"),
            ("/a%2Fws", "a/ws"), ("/%77s", "ws"),
            ("/a+b", "a+b"), ("/%E9", "\u{FFFD}"),
        ] as [(Substring, String)])
    func readsTheLastSegment(path: Substring, segment: String) {
        #expect(PathTail.lastSegment(path) == segment)
    }

    @Test(
        arguments: [
            ("/ws", "ws", true), ("/a//ws", "ws", true), ("/%77s", "ws", true), ("/ws/", "ws", false),
            ("/xws", "ws", false),
            ("/x%2Fws", "ws", false), ("/a/socket.io//socket.io.js", "socket.io/socket.io.js", true),
            ("/socket.io.js", "socket.io/socket.io.js", false), ("", "ws", false),
        ] as [(Substring, String, Bool)])
    func comparesTheTail(path: Substring, tail: String, matches: Bool) {
        #expect(PathTail.matches(path, tail) == matches)
    }
}

// An application imports this module alone.
@_exported public import SocketIO

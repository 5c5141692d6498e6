namespace LogBroker.Client;

/// <summary>Positions as the broker takes them.</summary>
internal static class PositionCoding
{
    public static Protocol.V1.Position ToWire(Position position) => position.Kind switch
    {
        PositionKind.AfterStart => position.Value == 0
            ? new() { Start = new Protocol.V1.Position.Types.Anchor() }
            : new() { AfterStart = position.Value },
        PositionKind.BeforeEnd => position.Value == 0
            ? new() { End = new Protocol.V1.Position.Types.Anchor() }
            : new() { BeforeEnd = position.Value },
        PositionKind.Offset => new() { Offset = position.Value },
        _ => new() { TimestampMs = position.Value },
    };
}

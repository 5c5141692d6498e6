using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol.V1;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Protocol.Tests;

/// <summary>Random values for properties, with the edges more often than chance would have them.</summary>
internal static class Samples
{
    public static Gen<long> Longs { get; } = Gen.OneOf(
        Gen.Elements(0L, 1, -1, 127, 128, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue),
        Gen.Choose(int.MinValue, int.MaxValue).Select(i => (long)i * i));

    public static Gen<int> Ints { get; } = Longs.Select(l => unchecked((int)l));

    public static Gen<string> Texts { get; } =
        Gen.Elements("", "orders", "a.b_c-d", "päyments", "𝄞", new string('x', 249), new string('ü', 200));

    public static Gen<byte[]> Bytes { get; } =
        from count in Gen.Choose(0, 300)
        from seed in Gen.Choose(0, int.MaxValue)
        select Random(count, seed);

    public static Gen<byte[]?> OptionalBytes { get; } =
        Gen.Frequency((1, Gen.Constant<byte[]?>(null)), (1, Gen.Constant<byte[]?>([])), (6, Bytes.Select(b => (byte[]?)b)));

    public static Gen<RpcStatus?> Errors { get; } = Gen.Frequency(
        (2, Gen.Constant<RpcStatus?>(null)),
        (1, Gen.Constant<RpcStatus?>(new RpcStatus())),
        (2, Gen.Elements(ErrorCatalogue.Entries.ToArray()).Select(RpcStatus? (e) =>
            StatusDetails.ToStatus(new BrokerError(e.Code, e.Cause) { Metadata = new Dictionary<string, string> { ["k"] = "v" } }))));

    public static Gen<ProduceBatch> ProduceBatches { get; } =
        from correlation in Longs
        from topic in Texts
        from partition in Ints
        from acks in Ints
        from timeoutMs in Ints
        from epoch in Ints
        from expectedOffset in Optional
        from expectedKeyVersion in Optional
        from records in Bytes
        select WithConditions(expectedOffset, expectedKeyVersion, new ProduceBatch
        {
            CorrelationId = unchecked((ulong)correlation),
            Topic = topic,
            Partition = partition,
            Acks = (RequiredAcks)acks,
            TimeoutMs = timeoutMs,
            LeaderEpoch = epoch,
            Records = Google.Protobuf.ByteString.CopyFrom(records),
        });

    public static Gen<FetchedPartition> FetchedPartitions { get; } =
        from topic in Texts
        from partition in Ints
        from error in Errors
        from start in Longs
        from watermark in Longs
        from epoch in Ints
        from batches in Bytes
        select new FetchedPartition
        {
            Topic = topic,
            Partition = partition,
            Error = error,
            LogStartOffset = start,
            HighWatermark = watermark,
            LeaderEpoch = epoch,
            Batches = Google.Protobuf.ByteString.CopyFrom(batches),
        };

    public static Gen<ProduceAckView> Acks { get; } =
        from correlation in Longs
        from error in Errors
        from offset in Longs
        from epoch in Ints
        from durability in Ints
        from duplicate in Gen.Elements(false, true)
        from time in Longs
        select error is null
            ? new ProduceAckView(unchecked((ulong)correlation), null, offset, epoch, (Durability)durability, duplicate, time)
            : new ProduceAckView(unchecked((ulong)correlation), error, 0, 0, 0, false, 0);

    /// <summary>
    /// Fields of protobuf in any order and number, known and unknown, with the right wire type and with wrong ones, nested two deep.
    /// </summary>
    public static Gen<byte[]> Fields { get; } = FieldsTo(depth: 2);

    public static Property Holds<T>(Gen<T> gen, Func<T, bool> holds) => Prop.ForAll(gen.ToArbitrary(), holds);

    public static void Check(this Property property, int runs) =>
        property.Check(Config.QuickThrowOnFailure.WithMaxTest(runs).WithQuietOnSuccess(true));

    private static Gen<long?> Optional => Gen.OneOf(Gen.Constant<long?>(null), Gen.Elements<long?>(0, -1), Longs.Select(l => (long?)l));

    private static ProduceBatch WithConditions(long? expectedOffset, long? expectedKeyVersion, ProduceBatch batch)
    {
        if (expectedOffset is { } offset)
        {
            batch.ExpectedOffset = offset;
        }

        if (expectedKeyVersion is { } version)
        {
            batch.ExpectedKeyVersion = version;
        }

        return batch;
    }

    private static byte[] Random(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static Gen<byte[]> FieldsTo(int depth)
    {
        Gen<byte[]> content = depth == 0
            ? Bytes.Select(b => b[..Math.Min(b.Length, 20)])
            : Gen.Frequency((4, FieldsTo(depth - 1)), (1, Bytes));
        Gen<byte[]> field =
            from number in Gen.Frequency((6, Gen.Choose(1, 8)), (2, Gen.Constant(15)), (1, Gen.Elements(16, 100, 536870911)))
            from wireType in Gen.Frequency((4, Gen.Constant(0)), (5, Gen.Constant(2)), (1, Gen.Elements(1, 3, 5)))
            from value in Longs
            from bytes in content
            select Encode(number, wireType, unchecked((ulong)value), bytes);
        return Gen.Choose(0, 6).SelectMany(n => field.ArrayOf(n)).Select(parts => parts.SelectMany(p => p).ToArray());
    }

    private static byte[] Encode(int number, int wireType, ulong value, byte[] bytes)
    {
        byte[] tag = Varint(((ulong)number << 3) | (uint)wireType);
        return wireType switch
        {
            0 => [.. tag, .. Varint(value)],
            1 => [.. tag, .. BitConverter.GetBytes(value)],
            3 => [.. tag, .. Varint(8), .. Varint(value), .. Varint(((ulong)number << 3) | 4)],
            5 => [.. tag, .. BitConverter.GetBytes((uint)value)],
            _ => [.. tag, .. Varint((ulong)bytes.Length), .. bytes],
        };
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        return [.. bytes, (byte)value];
    }
}

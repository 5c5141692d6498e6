using System.Buffers.Binary;
using System.Text;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// A partition as a metadata response shows it; <paramref name="Leader"/> is -1 while it has none, <paramref name="InSync"/> counts the
/// replicas that have all of it.
/// </summary>
internal sealed record KafkaPartition(string Topic, int Index, int Leader, int InSync, bool IsInternal);

/// <summary>The brokers and partitions that a metadata response lists.</summary>
internal sealed record KafkaMetadata(int Brokers, IReadOnlyList<KafkaPartition> Partitions);

/// <summary>An offset of a partition; <paramref name="Offset"/> is null while the partition answers with an error.</summary>
internal sealed record KafkaOffset(string Topic, int Index, long? Offset);

/// <summary>
/// The five requests of Kafka's protocol that the bench needs beside Kafka's own tools, each of which would cost a JVM start. Old
/// versions of them, without tagged fields, that every broker since 4.0 takes. Readers throw <see cref="BenchException"/> for a
/// response that is cut short or refuses.
/// </summary>
internal static class KafkaMessages
{
    public const int LatestOffset = -1;
    public const int EarliestOffset = -2;

    private const string ClientId = "bench";
    private const short NoError = 0;

    /// <summary>All topics (Metadata, version 1).</summary>
    public static byte[] Metadata() => Frame(3, 1, w => w.Int32(-1));

    /// <summary>One offset of each partition (ListOffsets, version 1).</summary>
    public static byte[] ListOffsets(IReadOnlyCollection<KafkaPartition> partitions, long which) => Frame(2, 1, w =>
    {
        w.Int32(-1);
        var byTopic = partitions.GroupBy(p => p.Topic).ToArray();
        w.Int32(byTopic.Length);
        foreach (var topic in byTopic)
        {
            w.String(topic.Key);
            w.Int32(topic.Count());
            foreach (KafkaPartition partition in topic)
            {
                w.Int32(partition.Index);
                w.Int64(which);
            }
        }
    });

    /// <summary>One topic (CreateTopics, version 2).</summary>
    public static byte[] CreateTopic(
        string name, int partitions, int replicas, IReadOnlyDictionary<string, string> configs) => Frame(19, 2, w =>
    {
        w.Int32(1);
        w.String(name);
        w.Int32(partitions);
        w.Int16((short)replicas);
        w.Int32(0);
        w.Int32(configs.Count);
        foreach ((string key, string value) in configs)
        {
            w.String(key);
            w.String(value);
        }

        w.Int32(30_000);
        w.Byte(0);
    });

    /// <summary>The state of a consumer group (DescribeGroups, version 0).</summary>
    public static byte[] DescribeGroup(string group) => Frame(15, 0, w =>
    {
        w.Int32(1);
        w.String(group);
    });

    public static KafkaMetadata ReadMetadata(byte[] response)
    {
        var reader = new Reader(response);
        int brokers = reader.Int32();
        for (int i = 0; i < brokers; i++)
        {
            reader.Int32();
            reader.String();
            reader.Int32();
            reader.String();
        }

        reader.Int32();
        var partitions = new List<KafkaPartition>();
        int topics = reader.Int32();
        for (int i = 0; i < topics; i++)
        {
            reader.Int16();
            string name = reader.String();
            bool isInternal = reader.Byte() != 0;
            int count = reader.Int32();
            for (int p = 0; p < count; p++)
            {
                bool isReady = reader.Int16() == NoError;
                int index = reader.Int32();
                int leader = reader.Int32();
                reader.SkipInt32s();
                int inSync = reader.SkipInt32s();
                partitions.Add(new KafkaPartition(name, index, isReady ? leader : -1, inSync, isInternal));
            }
        }

        return new KafkaMetadata(brokers, partitions);
    }

    public static IReadOnlyList<KafkaOffset> ReadOffsets(byte[] response)
    {
        var reader = new Reader(response);
        var offsets = new List<KafkaOffset>();
        int topics = reader.Int32();
        for (int i = 0; i < topics; i++)
        {
            string name = reader.String();
            int count = reader.Int32();
            for (int p = 0; p < count; p++)
            {
                int index = reader.Int32();
                bool isReady = reader.Int16() == NoError;
                reader.Int64();
                long offset = reader.Int64();
                offsets.Add(new KafkaOffset(name, index, isReady ? offset : null));
            }
        }

        return offsets;
    }

    public static void CheckTopicCreated(byte[] response)
    {
        var reader = new Reader(response);
        reader.Int32();
        int topics = reader.Int32();
        for (int i = 0; i < topics; i++)
        {
            string name = reader.String();
            short error = reader.Int16();
            string message = reader.String();
            if (error != NoError)
            {
                throw new BenchException($"Kafka did not create topic {name}: error {error} {message}");
            }
        }
    }

    /// <summary>Such as <c>Stable</c>; empty while the group's coordinator is not there yet.</summary>
    public static string ReadGroupState(byte[] response)
    {
        var reader = new Reader(response);
        int groups = reader.Int32();
        short error = reader.Int16();
        reader.String();
        string state = reader.String();
        return groups == 1 && error == NoError ? state : "";
    }

    private static byte[] Frame(short apiKey, short version, Action<Writer> body)
    {
        var writer = new Writer();
        writer.Int32(0);
        writer.Int16(apiKey);
        writer.Int16(version);
        writer.Int32(0);
        writer.String(ClientId);
        body(writer);
        return writer.ToFrame();
    }

    private sealed class Writer
    {
        private readonly MemoryStream _bytes = new();

        public void Byte(byte value) => _bytes.WriteByte(value);

        public void Int16(short value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(short)];
            BinaryPrimitives.WriteInt16BigEndian(bytes, value);
            _bytes.Write(bytes);
        }

        public void Int32(int value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            _bytes.Write(bytes);
        }

        public void Int64(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            _bytes.Write(bytes);
        }

        public void String(string value)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(value);
            Int16((short)bytes.Length);
            _bytes.Write(bytes);
        }

        public byte[] ToFrame()
        {
            byte[] frame = _bytes.ToArray();
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - sizeof(int));
            return frame;
        }
    }

    private sealed class Reader(byte[] response)
    {
        private int _at = sizeof(int); // behind the correlation id

        public byte Byte() => Take(1)[0];

        public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)));

        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

        public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

        /// <summary>Null comes out as empty.</summary>
        public string String()
        {
            short length = Int16();
            return length <= 0 ? "" : Encoding.UTF8.GetString(Take(length));
        }

        /// <summary>Returns how many there were.</summary>
        public int SkipInt32s()
        {
            int count = Int32();
            Take(sizeof(int) * count);
            return count;
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count < 0 || count > response.Length - _at)
            {
                throw new BenchException("Kafka's response is shorter than it says");
            }

            _at += count;
            return response.AsSpan(_at - count, count);
        }
    }
}

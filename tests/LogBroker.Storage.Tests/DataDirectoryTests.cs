using System.Text;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Rows 14, 38 and 51: identity, lock, foreign and newer directories, topics.</summary>
public sealed class DataDirectoryTests
{
    private static readonly DataDirectoryOptions Node1 = new(new NodeId(1));
    private static readonly TopicId Id = new(Guid.Parse("01234567-89ab-cdef-0123-456789abcdef"));
    private readonly SimDisk _disk = new(new SimMachine());
    private readonly MemoryStateStore _state = new();

    [Fact]
    public void A_new_directory_gets_an_identity_and_keeps_it()
    {
        DataDirectory first = Open(Node1).Value;
        Assert.True(first.IsNew);
        Assert.Equal(StateCondition.New, first.Attach(_state));
        first.MarkCleanShutdown();
        first.Dispose();
        DataDirectory second = Open(Node1).Value;
        Assert.False(second.IsNew);
        Assert.True(second.WasCleanShutdown);
        Assert.Equal(first.Meta, second.Meta);
        Assert.Equal(StateCondition.Intact, second.Attach(_state));
        second.Dispose();
        Assert.False(Open(Node1).Value.WasCleanShutdown);
    }

    [Fact]
    public void Row38_a_second_process_is_refused()
    {
        using DataDirectory first = Open(Node1).Value;
        Assert.Contains("another process", Open(Node1).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Row51_another_node_or_cluster_is_refused_and_both_are_named()
    {
        var cluster = new ClusterId(Guid.NewGuid());
        var other = new ClusterId(Guid.NewGuid());
        DataDirectory first = Open(Node1 with { ClusterId = cluster }).Value;
        first.Attach(_state);
        first.Dispose();
        string message = Open(new DataDirectoryOptions(new NodeId(7))).Error!.Message;
        Assert.Contains("node 1", message, StringComparison.Ordinal);
        Assert.Contains("node 7", message, StringComparison.Ordinal);
        message = Open(Node1 with { ClusterId = other }).Error!.Message;
        Assert.Contains(cluster.ToString(), message, StringComparison.Ordinal);
        Assert.Contains(other.ToString(), message, StringComparison.Ordinal);
        Assert.True(Open(Node1 with { ClusterId = cluster }).IsOk);
    }

    [Fact]
    public void Row51_a_newer_format_is_refused_and_both_versions_are_named()
    {
        DataDirectory first = Open(Node1).Value;
        first.Attach(_state);
        first.Dispose();
        _disk.Corrupt("/data/meta.json", b => b[Encoding.UTF8.GetString(b).IndexOf('1', StringComparison.Ordinal)] = (byte)'9');
        string message = Open(Node1).Error!.Message;
        Assert.Contains("version 9", message, StringComparison.Ordinal);
        Assert.Contains("up to 1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Row14_a_missing_or_unreadable_meta_file_is_refused_and_nothing_is_touched()
    {
        DataDirectory first = Open(Node1).Value;
        first.Attach(_state);
        first.CreatePartition("orders", Id, 0);
        first.Dispose();
        IReadOnlyList<string> before = _disk.AllFiles;
        _disk.Corrupt("/data/meta.json", b => b.AsSpan().Clear());
        Assert.Contains("meta.json", Open(Node1).Error!.Message, StringComparison.Ordinal);
        Assert.Equal(before, _disk.AllFiles);
        _disk.DeleteFile("/data/meta.json");
        Assert.Contains("not a data directory", Open(Node1).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Row51_a_foreign_directory_is_refused()
    {
        _disk.CreateDirectory("/data");
        _disk.Open("/data/holiday.jpg", DiskAccess.CreateNew).Dispose();
        Assert.Contains("holiday.jpg", Open(Node1).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_store_that_is_not_its_own_is_told()
    {
        DataDirectory first = Open(Node1).Value;
        first.Attach(_state);
        first.Dispose();
        Assert.Equal(StateCondition.Lost, Open(Node1).Value.Attach(new MemoryStateStore()));
    }

    [Fact]
    public void Topics_live_under_their_name_and_id_and_go_with_their_state()
    {
        using DataDirectory directory = Open(Node1).Value;
        directory.Attach(_state);
        string longName = new('n', 249);
        Assert.Equal("/data/topics/orders~01234567/0", directory.CreatePartition("orders", Id, 0));
        directory.CreatePartition("orders", Id, 11);
        directory.CreatePartition("orders", Id, 2);
        Assert.Equal(200 + 9, DataDirectory.NameOf(longName, Id).Length);
        Assert.Equal([0, 2, 11], directory.ListPartitions().Select(p => p.Index));
        _state.Write(new StateBatch().Put(StateKey.Of(new PartitionId(Id, 2), StateKind.HardState), [1]), sync: true);
        _disk.Open("/data/topics/orders~01234567/2/00000000000000000000.log", DiskAccess.CreateNew).Dispose();
        directory.DeleteTopic("orders", Id, _state);
        directory.DeleteTopic("orders", Id, _state);
        Assert.Empty(directory.ListPartitions());
        Assert.Empty(_state.Scan(StateKey.OfTopic(Id)));
        Assert.Equal(["/data/LOCK", "/data/meta.json"], _disk.AllFiles);
    }

    [Fact]
    public void A_damaged_rocksdb_is_moved_aside_and_its_loss_is_told()
    {
        string root = Directory.CreateTempSubdirectory("logbroker-data-").FullName;
        try
        {
            var disk = new OsDisk();
            using (DataDirectory first = DataDirectory.Open(disk, root, Node1).Value)
            using (IStateStore state = first.OpenStateStore(out string? moved))
            {
                Assert.Null(moved);
                Assert.Equal(StateCondition.New, first.Attach(state));
            }

            File.WriteAllBytes(Directory.GetFiles(root + "/state", "MANIFEST-*")[0], new byte[100]);
            using DataDirectory second = DataDirectory.Open(disk, root, Node1).Value;
            using IStateStore fresh = second.OpenStateStore(out string? movedTo);
            Assert.True(Directory.Exists(movedTo));
            Assert.Equal(StateCondition.Lost, second.Attach(fresh));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private Result<DataDirectory> Open(DataDirectoryOptions options) => DataDirectory.Open(_disk, "/data", options);
}

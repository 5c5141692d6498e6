using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Coordinates the groups whose records are in one partition of <c>__consumer_offsets</c>, while this node leads it. Taking over, it
/// brings its view to the high watermark and builds the groups from that; then everything that changes is a record, written through the
/// replica's own produce path, and nothing is answered or said to members before a majority has it. One batch is on its way at a time: all
/// that comes meanwhile goes into the next, and a batch that was refused leaves no gap behind it.
/// Ownership: everything is touched by the partition's poll only, so no commit takes a lock; other threads post. The few fields that they
/// read are listed first.
/// Failure policy: a refused batch (busy, full disk) is tried again; a lost leadership forgets all groups and says so to their members, who
/// keep their places: the next coordinator reads the same records.
/// </summary>
internal sealed partial class GroupCoordinator : IReplicaCompanion
{
    private readonly ReplicaEnvironment _env;
    private readonly PartitionReplica _replica;
    private readonly GroupSettings _settings;
    private readonly GroupLimits _limits;
    private readonly GroupView _view;

    // Read by other threads.
    private long _wakeAtMs = long.MaxValue;
    private int _needsCare;
    private long _seenUpTo = -1;
    private IReadOnlyList<GroupFigures> _figures = [];

    // Owned by the poll.
    private readonly Dictionary<string, CoordinatedGroup> _groups = new(StringComparer.Ordinal);
    private Stage _stage;
    private Epoch _epoch;
    private BrokerError? _damage;

    private enum Stage
    {
        /// <summary>This node does not lead the partition.</summary>
        Resting,

        /// <summary>It leads it and reads.</summary>
        Loading,

        /// <summary>It leads it and knows all groups.</summary>
        Serving,
    }

    public GroupCoordinator(ReplicaEnvironment env, PartitionReplica replica, Func<GroupTopics?> topics, Func<TopicId, bool> isDeleted)
    {
        _env = env;
        _replica = replica;
        _settings = env.Settings.Groups;
        _limits = new GroupLimits { MembersMax = _settings.MembersMax };
        _topicsNow = topics;
        _isDeleted = isDeleted;
        _view = new GroupView(env, replica);
    }

    /// <summary>When a poll has something to do by time, in milliseconds of running time. Any thread.</summary>
    public long WakeAtMs => Volatile.Read(ref _wakeAtMs);

    /// <summary>True when <see cref="Care"/> has something to do. Any thread.</summary>
    public bool NeedsCare => Volatile.Read(ref _needsCare) != 0 || _replica.Log.Bounds.HighWatermark.Value != Volatile.Read(ref _seenUpTo);

    /// <summary>Groups as of a moment ago, for metrics. Any thread.</summary>
    public IReadOnlyList<GroupFigures> Figures => Volatile.Read(ref _figures);

    /// <summary>True while this node leads the partition. Any thread.</summary>
    public bool MayServe => _replica.View.Serves;

    /// <summary>Proves that this node leads the partition still. Any thread.</summary>
    public Task<bool> ProveLeadership() => _replica.ConfirmLeadership();

    /// <summary>Where to go instead, or to wait. Any thread.</summary>
    public BrokerError RefusalNow(string group) => RefusalBy(_replica.View, group);

    /// <summary>Runs something in the next poll. Any thread.</summary>
    public void Post(Action command) => _replica.Post(command);

    /// <inheritdoc/>
    public void Work()
    {
        ReplicaView view = _replica.View;
        if (_stage != Stage.Resting && (!view.Serves || view.Epoch != _epoch))
        {
            Rest();
        }

        _damage = view.Serves ? _damage : null; // whoever leads anew tries anew
        // What is on its way is answered first: until then it is not known what there is to read.
        if (_stage == Stage.Resting && view.Serves && _damage is null && _inFlight.Count == 0)
        {
            _stage = Stage.Loading;
            _epoch = view.Epoch;
        }

        if (_stage == Stage.Loading)
        {
            Load();
        }

        if (_stage == Stage.Serving)
        {
            if (_env.RunningMs >= _wakeAtMs)
            {
                LookAtTimes();
            }

            AppendWaiting();
        }
    }

    /// <summary>
    /// Brings the view on by a step, wherever this node stands, and publishes figures. Posted about once a second when there is something.
    /// </summary>
    public void Care()
    {
        if (_stage != Stage.Loading && _replica.Log.Damage is null && !_view.IsCaughtUp)
        {
            _ = _view.Step(isLeading: false); // who takes over says what is wrong
            if (_view.StepBytes > GroupView.StepBytesMax / 2)
            {
                Post(Care); // there is more, in another poll
            }
        }

        Volatile.Write(ref _seenUpTo, _view.UpTo?.Value ?? -1);
        Volatile.Write(ref _needsCare, 0);
        PublishFigures();
    }

    /// <summary>Why nothing can be asked for a group, or null when this node coordinates it now.</summary>
    public BrokerError? Refusal(string group)
    {
        if (_stage == Stage.Serving && _replica.View is { Serves: true } now && now.Epoch == _epoch)
        {
            return null;
        }

        return _damage ?? RefusalBy(_replica.View, group);
    }

    /// <summary>Where to go instead by a view, or to wait. Any thread.</summary>
    public BrokerError RefusalBy(ReplicaView view, string group) => view.Leader == _env.Node
        ? GroupErrors.Loading(group, _replica.Name)
        : GroupErrors.NotCoordinator(group, _replica.Name, view, _env.ClientAddressOf(view.Leader));

    private void Load()
    {
        BrokerError? error = _view.Step(isLeading: true);
        if (error is null && !_view.IsCaughtUp)
        {
            _replica.Schedule();
            return;
        }

        if (error is null && _topicsNow() is null)
        {
            Volatile.Write(ref _wakeAtMs, 0); // looked at again at the next tick
            return;
        }

        error ??= Build();
        if (error is not null)
        {
            _damage = error;
            BrokerLog.GroupsUnreadable(_env.Log, _replica.Name.ToString(), error.Message);
            Rest();
        }
    }

    /// <summary>Makes the groups out of their live records; null, or why one cannot be read.</summary>
    private BrokerError? Build()
    {
        var records = new Dictionary<string, List<GroupRecord>>(StringComparer.Ordinal);
        int count = 0;
        foreach (LiveRecord live in _view.All())
        {
            count++;
            string id = OffsetRecord.HeadOf(live.Key)!.Value.Group;
            CoordinatedGroup group = GroupOf(id);
            if (OffsetRecord.PartitionOf(live.Key) is { } partition)
            {
                if (OffsetRecord.Read(live.Value) is { } entry)
                {
                    group.Offsets[partition] = entry;
                }

                continue;
            }

            Result<GroupRecord> record = GroupRecord.Read(live.Key, live.Value, isNull: false);
            if (!record.IsOk)
            {
                return record.Error;
            }

            RecordsOf(records, id).Add(record.Value);
            group.EmptySinceMs = record.Value is GroupRecord.EpochSet ? live.TimestampMs : group.EmptySinceMs;
        }

        foreach (CoordinatedGroup group in _groups.Values)
        {
            group.Machine = new GroupMachine(group.Id, _limits, records.GetValueOrDefault(group.Id) ?? []);
        }

        _stage = Stage.Serving;
        Volatile.Write(ref _wakeAtMs, long.MaxValue);
        BeginTimes();
        Volatile.Write(ref _needsCare, 1);
        BrokerLog.GroupsLoaded(_env.Log, _replica.Name.ToString(), _groups.Count, count);
        return null;
    }

    private static List<GroupRecord> RecordsOf(Dictionary<string, List<GroupRecord>> records, string group)
    {
        if (!records.TryGetValue(group, out List<GroupRecord>? list))
        {
            records[group] = list = [];
        }

        return list;
    }

    /// <summary>Forgets everything: another node coordinates, or this one begins anew.</summary>
    private void Rest()
    {
        _stage = Stage.Resting;
        Volatile.Write(ref _wakeAtMs, long.MaxValue);
        foreach (GroupChange change in _waiting)
        {
            change.AnswerWith(_damage ?? RefusalBy(_replica.View, change.Group.Id));
        }

        _waiting.Clear();
        foreach (CoordinatedGroup group in _groups.Values)
        {
            group.CloseStreams(_damage ?? RefusalBy(_replica.View, group.Id));
        }

        _groups.Clear();
        Volatile.Write(ref _figures, []);
    }

    /// <summary>The group of an id, made when there is none.</summary>
    private CoordinatedGroup GroupOf(string id)
    {
        if (!_groups.TryGetValue(id, out CoordinatedGroup? group))
        {
            group = new CoordinatedGroup(id) { Machine = new GroupMachine(id, _limits, []) };
            _groups[id] = group;
        }

        return group;
    }
}

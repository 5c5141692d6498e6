using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// One consumer group, as in Kafka's KIP-848: events in, effects out; no I/O, clock, thread or logger. Every change of a member or of
/// the topics makes a new group epoch, for which the target, who is to hold what, is computed. Each member then moves to its target on
/// its own: it lets go of what it is not to have, keeping its epoch; when its heartbeat shows that it has, it moves to the target's
/// epoch and gets what nobody holds any more; the rest follows when others let go. So a partition has one owner at any time, and who
/// keeps his partitions never stops.
/// <para>
/// A member is told only what is in committed records (see <see cref="GroupEffects"/>). After a failover the records make the same
/// machine again, and all sessions begin anew with the first event. Owned by one coordinator loop.
/// </para>
/// </summary>
public sealed partial class GroupMachine
{
    private readonly string _group;
    private readonly GroupLimits _limits;
    private readonly SortedDictionary<string, GroupMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GroupMember> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GroupSubscription> _subscriptions = new(StringComparer.Ordinal);

    /// <summary>Who holds a partition, or has not let go of it yet.</summary>
    private readonly Dictionary<PartitionId, GroupMember> _owners = [];

    /// <summary>Who is to hold a partition.</summary>
    private readonly Dictionary<PartitionId, GroupMember> _targetOwners = [];

    private int _epoch;
    private int _targetEpoch;
    private long _topicsHash;
    private IReadOnlyList<GroupTopic> _knownTopics = [];

    // Below: known to this coordinator only.

    /// <summary>Topics that were asked for before, of which somebody has not let go yet: so that people are told names.</summary>
    private IReadOnlyList<GroupTopic> _formerTopics = [];

    private readonly Queue<GroupMember> _toReconcile = new();
    private readonly SortedDictionary<string, GroupMember> _touched = new(StringComparer.Ordinal);
    private GroupTopics _topics = GroupTopics.Empty;
    private GroupEffects _effects = new();
    private long _nowMs;
    private bool _isStarted;
    private bool _isChanged;
    private bool _areTopicsToCheck = true;

    /// <summary>A group with these records, in the order in which they were appended; none for a new group.</summary>
    /// <param name="groupId">The group's id, checked.</param>
    /// <param name="limits">The bounds.</param>
    /// <param name="records">Its own records only.</param>
    public GroupMachine(string groupId, GroupLimits limits, IEnumerable<GroupRecord> records)
    {
        _group = groupId;
        _limits = limits;
        Replay(records);
    }

    /// <summary>The group's id.</summary>
    public string GroupId => _group;

    /// <summary>Rises with each change of members, subscriptions or topics.</summary>
    public int Epoch => _epoch;

    /// <summary>The group epoch for which the target was computed.</summary>
    public int TargetEpoch => _targetEpoch;

    /// <summary>Members, with those that left temporarily.</summary>
    public int MembersCount => _members.Count;

    /// <summary>The ids of the members, in order.</summary>
    public IReadOnlyCollection<string> MemberIds => _members.Keys;

    /// <summary>Times that the target has changed since this coordinator took over.</summary>
    public long Rebalances { get; private set; }

    /// <summary>Where the group stands.</summary>
    public GroupPhase Phase =>
        _members.Count == 0 ? GroupPhase.Empty
        : _epoch > _targetEpoch ? GroupPhase.Assigning
        : _members.Values.All(IsAtTarget) ? GroupPhase.Stable
        : GroupPhase.Reconciling;

    /// <summary>
    /// Takes an event. Appends to <paramref name="effects"/>, and sets its refusal and its time to wake; does nothing else.
    /// </summary>
    /// <param name="e">The event.</param>
    /// <param name="nowMs">Milliseconds of a clock that never goes back while the machine lives.</param>
    /// <param name="topics">The topics that exist. An object that was seen before is taken to be unchanged.</param>
    /// <param name="effects">Where the effects go.</param>
    public void Apply(GroupEvent e, long nowMs, GroupTopics topics, GroupEffects effects)
    {
        _nowMs = nowMs;
        _effects = effects;
        effects.Refused = null;
        int appended = effects.Append.Count;
        Start();
        if (!ReferenceEquals(topics, _topics))
        {
            _topics = topics;
            _areTopicsToCheck = true;
        }

        switch (e)
        {
            case GroupEvent.MemberJoined joined:
                effects.Refused = Join(joined);
                break;
            case GroupEvent.HeartbeatReceived heartbeat:
                effects.Refused = Hear(heartbeat);
                break;
            case GroupEvent.MemberLeft left:
                effects.Refused = Leave(left);
                break;
            case GroupEvent.StreamClosed closed:
                Close(closed);
                break;
            case GroupEvent.TimePassed:
                FenceTheLate();
                break;
        }

        CheckTopics();
        RaiseEpoch();
        if (_epoch > _targetEpoch && (_nowMs >= _assignNotBeforeMs || _members.Count == 0))
        {
            AssignTargets();
        }

        ReconcileAll();
        Flush();
        if (effects.Append.Count > appended)
        {
            NoteWhetherSettled(); // a walk over all members, which a heartbeat does not pay for
        }

        if (e is GroupEvent.HeartbeatReceived { Stream: var stream, MemberId: var id } && effects.Refused is null)
        {
            Answer(id, stream);
        }

        effects.WakeAtMs = _wakeAtMs = NextWakeMs();
    }

    /// <summary>Whether a commit may be stored at all: asked before <see cref="JudgeCommit(string, PartitionId)"/>.</summary>
    /// <param name="memberId">The member, or "" for a commit without membership.</param>
    /// <param name="memberEpoch">The epoch that it says.</param>
    /// <returns>
    /// Null, or <see cref="ErrorCode.GroupNotEmpty"/> without a member id while there are members,
    /// <see cref="ErrorCode.UnknownMember"/>, or <see cref="ErrorCode.StaleMemberEpoch"/> for any epoch but the member's.
    /// </returns>
    public BrokerError? JudgeCommit(string memberId, int memberEpoch)
    {
        if (memberId.Length == 0)
        {
            return _members.Count == 0
                ? null
                : Error(ErrorCode.GroupNotEmpty, $"has {_members.Count} members, so that a commit needs a member id: {ShowMembers()}");
        }

        GroupMember? member = _members.GetValueOrDefault(memberId);
        if (member is null || member.IsAway)
        {
            return Unknown(memberId);
        }

        return memberEpoch == member.Epoch && memberEpoch > 0
            ? null
            : Error(
                ErrorCode.StaleMemberEpoch,
                $"has member {ShownValue.Of(memberId)} in epoch {member.Epoch}; the commit is of epoch {memberEpoch}",
                ("memberEpoch", Text(member.Epoch)));
    }

    /// <summary>Whether a member may commit for a partition: it holds it, or has not let go of it yet.</summary>
    /// <returns>Null, or <see cref="ErrorCode.NotAssigned"/>.</returns>
    public BrokerError? JudgeCommit(string memberId, PartitionId partition)
    {
        if (memberId.Length == 0)
        {
            return null;
        }

        GroupMember? owner = _owners.GetValueOrDefault(partition);
        if (owner is not null && owner.Id == memberId)
        {
            return null;
        }

        string held = owner is null ? "nobody holds it" : $"{ShownValue.Of(owner.Id)} holds it";
        return Error(
            ErrorCode.NotAssigned, $"has not given {NameOf(partition.Topic)}/{partition.Index} to {ShownValue.Of(memberId)}: {held}");
    }

    /// <summary>True when a member asks for the topic by name or expression, whether it exists or not.</summary>
    public bool IsSubscribedTo(string topic) => _subscriptions.Values.Any(s => s.Wants(topic));

    /// <summary>Null when the group has no members, else <see cref="ErrorCode.GroupNotEmpty"/> with who they are.</summary>
    public BrokerError? RequireEmpty() =>
        _members.Count == 0 ? null : Error(ErrorCode.GroupNotEmpty, $"has {_members.Count} members: {ShowMembers()}");

    /// <summary>Forgets a group without members: appends what forgets its records. The machine is of no use afterwards.</summary>
    public void Forget(GroupEffects effects)
    {
        Invariant.Require(_members.Count == 0);
        effects.Append.Add(new GroupRecord.Forgotten(_group, 4, ""));
        effects.Append.Add(new GroupRecord.Forgotten(_group, 6, ""));
        effects.Append.Add(new GroupRecord.Forgotten(_group, 3, ""));
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private bool IsAtTarget(GroupMember member) => member.Epoch == _targetEpoch && member.State == GroupMemberState.Stable;

    private BrokerError Error(ErrorCode code, string problem, params (string Key, string Value)[] more)
    {
        var metadata = new Dictionary<string, string> { ["group"] = ShownValue.Of(_group) };
        foreach ((string key, string value) in more)
        {
            metadata[key] = value;
        }

        return new BrokerError(code, $"group {ShownValue.Of(_group)} {problem}") { Metadata = metadata };
    }

    private BrokerError Unknown(string memberId) =>
        Error(ErrorCode.UnknownMember, $"has no member {ShownValue.Of(memberId)}: its session ended, or it left");

    private string ShowMembers()
    {
        const int Shown = 5;
        string names = string.Join(", ", _members.Values.Take(Shown).Select(Show));
        return _members.Count > Shown ? $"{names} and {_members.Count - Shown} more" : names;
    }

    private static string Show(GroupMember member) =>
        ShownValue.Of(member.Id) + (member.IsStatic ? $" (instance {ShownValue.Of(member.Facts.InstanceId)})" : "");
}

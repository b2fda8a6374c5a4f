"""Syllables that every registry is full of, to choose between two readings that are both well formed.

"V¨n" is "Văn" in TCVN3 and "Vẽn" in VISCII; nobody is called the latter. Words of names, of what units and
posts are called, and of headings; only those with marks count, because only those tell charsets apart.
"""

from __future__ import annotations

import unicodedata

_SURNAMES = """
    bùi châu đàm đặng đào đinh đoàn đỗ đồng dương hà hồ hoàng hứa huỳnh kiều lâm lê lò lương lường lưu lý
    mạc nghiêm ngô nguyễn nông phạm phùng quách tạ tăng thạch thái tô tống trần triệu trịnh trương từ võ
    vũ vương
"""
_MIDDLE_AND_GIVEN = """
    ái ân ánh bá bảo bằng bích bình cẩm cảnh chí chính chiến chương công cúc cường dân đại đăng đạt điểm
    điền điệp diễm diện diệp diệu định đính đình đông đức dũng dưỡng duyên đường giáp hạ hải hân hằng hạnh
    hảo hậu hiền hiển hiếu hiệp hiệu hòa hoà hoài hoàn hồng hợp huân huấn huệ hùng hưng hương hường hướng
    hữu huyền khánh khắc khải khôi kỳ kỷ kính lãm lập lệ lễ liên liễu lĩnh lộc lợi luân luận luyến lượng
    mẫn mạnh mận miên mười mỹ năm ngân nghĩa nghị ngọc ngự nguyên nguyệt nhã nhàn nhân nhạn nhật như nhựt
    oánh phát phú phúc phước phụng phương phượng quân quảng quế quốc quý quyên quyền quyết quỳnh sáng sĩ
    sỹ sơn tài tâm tân tấn thắm thắng thành thảo thạnh thế thêm thị thiên thiện thiệu thìn thịnh thọ thoại
    thông thơ thơm thục thúy thuý thùy thuỳ thủy thuỷ thuận thương thường thư tiên tiến tiếp tín tình tịnh
    toàn toán tố trâm trân trí triều trình trọng trúc trực trường trưởng tú tuấn tuân tuệ tùng tươi tường
    tưởng tuyên tuyết tuyền tỵ tý út ước uyển vân văn vĩ viên viễn việt viết vĩnh vịnh vỹ vượng xuân xuyến
    ý yến kiên kiệt liêm xuyên luyện thiều
"""
_OFFICES_AND_HEADINGS = """
    bí bộ bưu cán cấp chỉ chế chủ chú chức chuyên cơ cục của dạy đảng đầu địa điện độ đốc đội đơn dự dục
    dụng được giám giáo giới hành hạt hệ hiện hiệu họ học hoạch hội hộ hợp huyện kế khóa khoá khối khuyến
    kiểm kiến kỹ lãnh lĩnh lịch liệu lực luật máy môi mặt mẫu một nghề nghệ nghiệm nghiệp ngày ngoại người
    nhạc nhà nước nội nữ phẩm pháp phận phép phê phó phòng phố phối phục phụ phường quản quận quyết quỹ số
    soát sở sử sự tạo tác tải tập tàng tế tên thẩm thập thẻ thể thí thiết thoại thống thời thôn thủ thuật
    thuế thuộc thực thưởng tỉnh tịch tiểu tính tòa toà tổ tổng tộc tôn trấn trạm triển trị trợ trữ trụ
    truyền từ tuyển tư ủy uỷ ứng vận vật vệ vị việc viện vốn vụ vực và với xã xây xét xử yêu
"""
_PLACES = """
    bắc cà cần cát đà đắk đạ đèo đồn gò giồng hòn huế khê lạc lạng lạt lắk mộc mỏ mũi nẵng núi phủ sài sóc
    sông suối tây thới trà tuyên vàng vùng yên
"""
_COMMON = frozenset((_SURNAMES + _MIDDLE_AND_GIVEN + _OFFICES_AND_HEADINGS + _PLACES).split())


def is_common(word: str) -> bool:
    """Whether `word`, in any case, NFC or NFD, is among the syllables every registry has."""
    return unicodedata.normalize("NFC", word).lower() in _COMMON

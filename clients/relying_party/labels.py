"""What claims are called on a page, in Korean and English, and how their values read."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

KOREA = timezone(timedelta(hours=9), "KST")

LABELS = {
    "sub": ("이 서비스의 이용자 번호", "Your number at this service"),
    "name": ("이름", "Name"),
    "given_name": ("이름(성 제외)", "Given name"),
    "family_name": ("성", "Family name"),
    "name#ko-Hang": ("한글 이름", "Name in Hangul"),
    "given_name#ko-Hang": ("한글 이름(성 제외)", "Given name in Hangul"),
    "family_name#ko-Hang": ("한글 성", "Family name in Hangul"),
    "name#en": ("로마자 이름", "Name in Latin script"),
    "given_name#en": ("로마자 이름(성 제외)", "Given name in Latin script"),
    "family_name#en": ("로마자 성", "Family name in Latin script"),
    "middle_name": ("중간 이름", "Middle name"),
    "nickname": ("별명", "Nickname"),
    "preferred_username": ("사용자 이름", "User name"),
    "birthdate": ("생년월일", "Date of birth"),
    "gender": ("성별", "Gender"),
    "locale": ("언어", "Language"),
    "zoneinfo": ("시간대", "Time zone"),
    "profile": ("소개 페이지", "Profile page"),
    "picture": ("사진", "Picture"),
    "website": ("누리집", "Website"),
    "updated_at": ("정보 갱신 시각", "Record updated"),
    "email": ("전자우편", "E-mail"),
    "email_verified": ("전자우편 확인", "E-mail verified"),
    "phone_number": ("휴대전화", "Phone"),
    "phone_number_verified": ("휴대전화 확인", "Phone verified"),
    "address": ("해외 주소", "Address abroad"),
    "overseas_registration": ("재외국민 등록", "Overseas registration"),
    "status": ("상태", "Status"),
    "as_of": ("기준일", "As of"),
    "mission": ("관할 공관", "Mission"),
    "enrolment_mission": ("발급 공관", "Mission that issued the mobile ID"),
    "residence_country": ("거주국", "Country of residence"),
    "formatted": ("전체 주소", "Full address"),
    "street_address": ("도로명 주소", "Street"),
    "locality": ("도시", "City"),
    "region": ("주·도", "Region"),
    "postal_code": ("우편번호", "Postal code"),
    "country": ("국가", "Country"),
}

SCOPES = {
    "openid": ("본인 확인", "Proof of identity"),
    "profile": ("이름·생년월일", "Names and date of birth"),
    "phone": ("휴대전화 번호", "Phone number"),
    "email": ("전자우편", "E-mail address"),
    "address": ("해외 주소", "Address abroad"),
    "overseas": ("재외국민 등록", "Overseas registration"),
}

METHODS = {
    "hwk": ("기기 안의 패스키", "Passkey kept in a device"),
    "swk": ("동기화되는 패스키", "Passkey kept in software"),
    "user": ("본인 확인(생체·화면 잠금)", "User verified (biometrics or screen lock)"),
    "sms": ("문자 인증번호", "Code by text message"),
    "tel": ("전화 인증번호", "Code by phone call"),
    "otp": ("일회용 번호", "One-time code"),
    "mfa": ("두 가지 이상의 확인", "More than one factor"),
    "pop": ("기기에 묶인 열쇠", "Key bound to the device"),
}

ASSURANCE = {
    "urn:kr:overseas-id:acr:1": ("1단계: 패스키", "Level 1: passkey"),
    "urn:kr:overseas-id:acr:2": ("2단계: 패스키와 인증번호", "Level 2: passkey and phone code"),
    "urn:kr:overseas-id:acr:3": ("3단계: 기기에 묶인 새 확인", "Level 3: device-bound and fresh"),
}

STATUSES = {
    "current": ("등록되어 있음", "Registered"),
    "struck_off": ("말소됨", "Struck off"),
    "none": ("등록하지 않음", "Not registered"),
}
"""Overseas registration."""

AUTHENTICATIONS = {
    "client_secret_basic": ("비밀번호(헤더)", "A secret, in the header"),
    "client_secret_post": ("비밀번호(본문)", "A secret, in the body"),
    "private_key_jwt": ("서비스의 서명 열쇠", "The service's own signing key"),
}

COUNTRIES = {
    "AE": ("아랍에미리트", "United Arab Emirates"),
    "AR": ("아르헨티나", "Argentina"),
    "AT": ("오스트리아", "Austria"),
    "AU": ("호주", "Australia"),
    "BR": ("브라질", "Brazil"),
    "CA": ("캐나다", "Canada"),
    "CH": ("스위스", "Switzerland"),
    "CN": ("중국", "China"),
    "DE": ("독일", "Germany"),
    "ES": ("스페인", "Spain"),
    "FR": ("프랑스", "France"),
    "GB": ("영국", "United Kingdom"),
    "HK": ("홍콩", "Hong Kong"),
    "ID": ("인도네시아", "Indonesia"),
    "IN": ("인도", "India"),
    "IT": ("이탈리아", "Italy"),
    "JP": ("일본", "Japan"),
    "KH": ("캄보디아", "Cambodia"),
    "KR": ("대한민국", "Republic of Korea"),
    "KZ": ("카자흐스탄", "Kazakhstan"),
    "MN": ("몽골", "Mongolia"),
    "MX": ("멕시코", "Mexico"),
    "MY": ("말레이시아", "Malaysia"),
    "NL": ("네덜란드", "Netherlands"),
    "NZ": ("뉴질랜드", "New Zealand"),
    "PH": ("필리핀", "Philippines"),
    "RU": ("러시아", "Russia"),
    "SE": ("스웨덴", "Sweden"),
    "SG": ("싱가포르", "Singapore"),
    "TH": ("태국", "Thailand"),
    "TW": ("대만", "Taiwan"),
    "US": ("미국", "United States"),
    "UZ": ("우즈베키스탄", "Uzbekistan"),
    "VN": ("베트남", "Viet Nam"),
}
"""Where most Koreans abroad live; another country reads as its code."""

LANGUAGES = {"ko-KR": ("한국어", "Korean"), "ko": ("한국어", "Korean"), "en": ("영어", "English")}

GENDERS = {"female": ("여성", "Female"), "male": ("남성", "Male")}

YES_NO = {True: ("예", "Yes"), False: ("아니요", "No")}


VALUES = {
    "gender": GENDERS,
    "status": STATUSES,
    "residence_country": COUNTRIES,
    "country": COUNTRIES,
    "locale": LANGUAGES,
}
"""Claims whose values are codes."""


def label(names: dict[str, tuple[str, str]], key: str, language: str) -> str:
    """The name of `key`, or the key itself where the provider says something new."""
    korean, english = names.get(key, (key, key))
    return korean if language == "ko" else english


def rows(userinfo: dict[str, Any], language: str) -> list[tuple[str, str, str]]:
    """Claims as (name, label, readable value), in the order of LABELS and then as they came."""
    order = list(LABELS)
    known = sorted(userinfo, key=lambda name: order.index(name) if name in LABELS else len(order))
    return [(name, label(LABELS, name, language), readable(name, userinfo[name], language)) for name in known]


def readable(name: str, value: Any, language: str) -> str:
    """One claim's value as a person reads it."""
    if isinstance(value, bool):
        return YES_NO[value][language == "en"]
    if name in VALUES and isinstance(value, str):
        return label(VALUES[name], value, language)
    if name == "updated_at" and isinstance(value, int):
        return korean_time(value)
    if isinstance(value, dict):
        # A full address says all its parts already.
        if isinstance(value.get("formatted"), str):
            return str(value["formatted"])
        return "\n".join(
            f"{label(LABELS, part, language)}: {readable(part, inner, language)}" for part, inner in value.items()
        )
    if isinstance(value, list):
        return ", ".join(str(inner) for inner in value)
    return str(value)


def korean_time(seconds: int) -> str:
    """Epoch seconds as a time in Korea; a script on the page adds the reader's own."""
    try:
        return f"{datetime.fromtimestamp(seconds, KOREA):%Y-%m-%d %H:%M:%S} KST"
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def as_json(value: Any) -> str:
    """`value` as the provider sent it, in lines an engineer can read."""
    return json.dumps(value, ensure_ascii=False, indent=2)
